"""Simulators of WeChat Pay and Alipay: own processes on loopback, with their protocols,
signatures and books. They share no code with the addons, so that both cannot be wrong
in the same way."""
