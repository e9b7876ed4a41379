from . import test_wechat_vectors
