"""Odoo shell: WeChat Pay and Alipay are the simulators of this machine."""

import os
import sys

sys.path.insert(0, os.environ["SIM_TESTS"])

from sim import shop  # noqa: E402

shop.connect(
    env, os.environ["SIM_KEYS"], os.environ["SIM_WECHAT"], os.environ["SIM_ALIPAY"]
)
