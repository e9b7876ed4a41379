"""What goes wrong on purpose.

A fault is {"on": an event or "*", "fault": one of the words below, "times": how often
(None: always), "chance": of each time, "seconds", "copies"}. Events are the operations
of a provider ("order", "query", "refund", "transfer" …), "notify", "notify:<event>".
"""

import random
import threading

BEFORE = {
    "timeout_before": "no answer, and nothing was done",
    "error_before": "500 with the provider's own error, and nothing was done",
    "gateway_before": "502 from a gateway in between, and nothing was done",
}
AFTER = {
    "timeout_after": "no answer, but it was done",
    "error_after": "500, but it was done",
    "gateway_after": "502 from a gateway in between, but it was done",
    "forged": "the answer is signed with a key of somebody else",
    "unknown_serial": "the answer names a key that nobody knows",
    "skewed": "the answer's clock is `seconds` off (default 301)",
    "garbled": "the answer's body was changed after signing",
}
NOTIFY = {
    "drop": "never sent; also not again",
    "duplicate": "sent `copies` times at once (default 3)",
    "delay": "sent `seconds` later (default 5)",
    "hold": "sent when the control route releases it, so that later ones overtake it",
    "forged": "first one signed by somebody else, then the true one",
    "unknown_serial": "first one that names an unknown key, then the true one",
    "skewed": "first one whose clock is `seconds` off (default 301), then the true one",
    "garbled": "first one with a changed body, then the true one",
    "probe": "first one with WeChat Pay's probe instead of a signature, then the true",
}


class Faults:
    """Faults in the order they were asked for; the first that fits is taken."""

    def __init__(self):
        self._lock = threading.Lock()
        self.clear()

    def clear(self):
        self.waiting = []
        self.happened = {}
        self.random = random.Random(0)

    def seed(self, seed):
        self.random = random.Random(seed)

    def add(self, on, fault, times=1, **options):
        known = NOTIFY if on.startswith("notify") else {**BEFORE, **AFTER}
        for name in fault if isinstance(fault, list) else [fault]:
            if name not in known:
                raise ValueError(f"{on} knows no fault {name}, only {list(known)}")
        with self._lock:
            self.waiting.append({"on": on, "fault": fault, "times": times, **options})

    def draw(self, *events):
        """:return: the fault for what happens now, or {}"""
        with self._lock:
            for spec in self.waiting:
                if spec["on"] not in (*events, "*") or spec["times"] == 0:
                    continue
                if self.random.random() >= spec.get("chance", 1):
                    continue
                if spec["times"] is not None:
                    spec["times"] -= 1
                fault = spec["fault"]
                if isinstance(fault, list):
                    fault = self.random.choice(fault)
                key = f"{events[0]} {fault}"
                self.happened[key] = self.happened.get(key, 0) + 1
                return {**spec, "fault": fault}
        return {}
