"""A shop that shows prices in the currency of the visitor."""
