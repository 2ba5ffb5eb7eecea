"""The words for it: keys and values in short, the parts of keys, why a lookup missed, and failures."""
