from test.adapters.test_inductor_torch_explain import *
from test.adapters.test_inductor_torch_explain import _functorch_flag,_max_autotune
import torch
def failing(x):
    return x @ x
class Q(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache", "enable_remote_autograd_cache")
    def test_q(self):
        for cache, first,then in (("fx_graph",{},{"dynamic":True}),("fx_graph",{},{"function":cube}),("aot_autograd",{},{"around":_functorch_flag}),("aot_autograd",{},{"dynamic":True}),
            ("aot_autograd",{"function":weighed,"grad":True},{"function":weighed,"grad":True,"around":torch.no_grad}),
            ("fx_graph",{"function":weighed,"grad":True},{"function":weighed,"grad":True,"around":torch.no_grad})):
            self.caches.reset()
            self.cache=cache
            print(self.failure(first,then))
        from cachetest import global_stats
        print(self.caches.fx_graph.explain()); 
class G(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache",)
    def test_g(self):
        self.cache="fx_graph"
        print(self.failure({"function":sized,"sizes":(8,8),"dynamic":True},{"function":sized,"sizes":(4,4),"dynamic":True}, puts=0,hits=1,misses=0))
        self.caches.report()
class B(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache","enable_remote_autograd_cache")
    def test_b(self):
        self.cache="fx_graph"
        from torch._inductor import config
        for cache in ("aot_autograd", "fx_graph"):
            self.cache=cache
            def arou(): return config.patch({"aot_inductor.use_runtime_constant_folding":True})
            print(self.failure({},{"around":arou}))
            print(self.caches[cache].explain())
unittest.main()
