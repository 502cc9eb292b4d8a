"""What is done to nodes, when."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import json
import random
import threading
import time

from shared.command import Failure

KINDS = ("kill", "stop", "slow", "partition", "delay", "corrupt")
DOWN = ("kill", "stop", "partition")  # by which a node is as good as dead
SLICE = 0.02  # a slow node runs for so long, and stands as long
REJOIN = 0.3  # seconds within which a node is back after it was as good as dead


@dataclasses.dataclass(frozen=True)
class Fault:
    at: float  # seconds after the start
    kind: str
    node: str
    seconds: float  # until it is undone: a killed node starts again then


def read_plan(path, network):
    """A JSON list of {"at": 1.5, "kind": "kill", "node": "fog2", "for": 2}."""
    try:
        plan = [Fault(float(each["at"]), each["kind"], each["node"], float(each["for"])) for each in json.loads(path.read_text())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"'{path}' is no plan, a list like [{{\"at\": 1.5, \"kind\": \"kill\", \"node\": \"fog2\", \"for\": 2}}]: {error}") from None
    for fault in plan:
        if fault.kind not in KINDS:
            raise Failure(f"'{path}': there is no fault '{fault.kind}'; there are {', '.join(KINDS)}")
        if fault.node not in network["nodes"]:
            raise Failure(f"'{path}': there is no node '{fault.node}'")
        if fault.at < 0 or fault.seconds <= 0:
            raise Failure(f"'{path}': a fault comes after the start, and lasts")
    return sorted(plan, key=lambda fault: fault.at)


def draw_plan(network, seed, seconds, every, corrupt):
    """Faults of every kind (`corrupt` only where it would be noticed), one each `every` seconds on average, at nodes that can fail; nodes of inputs and outputs are only slowed."""
    draw = random.Random(seed)
    failable = sorted({name for setting in network["reliability"].values() for name, up in setting.items() if up < 1 and name in network["nodes"]})
    steady = sorted({given["node"] for given in network["inputs"] + network["outputs"]} - set(failable))
    if not failable:
        raise Failure(f"no node of '{network['network']}' can fail in any reliability setting: there is nothing to do; --plan says what to")
    kinds = [kind for kind in KINDS if corrupt or kind != "corrupt"]
    plan, free, at = [], {}, 1.0
    while True:
        at += draw.expovariate(1 / every)
        if at > seconds - 3:
            return plan
        kind = kinds[len(plan) % len(kinds)]
        nodes = [node for node in failable + (steady if kind == "slow" else []) if free.get(node, 0) <= at]
        if nodes:
            fault = Fault(at, kind, draw.choice(nodes), draw.uniform(0.3, 2.5))
            free[fault.node] = fault.at + fault.seconds + 0.3  # one thing at a time for each
            plan.append(fault)


def draw_setting(network, setting, seed, seconds, down=4.0):
    """Nodes are down as often as in a reliability setting, each by itself, for `down` seconds on average: killed and stopped in turn."""
    if setting not in network["reliability"]:
        raise Failure(f"there is no reliability setting '{setting}'; there are {', '.join(network['reliability'])}")
    draw, plan = random.Random(seed), []
    for node, up in network["reliability"][setting].items():
        if not 0 < up < 1:
            continue
        at = 0.0 if draw.random() > up else draw.expovariate((1 - up) / (up * down))
        while at < seconds:
            lasts = draw.expovariate(1 / down)
            plan.append(Fault(at, draw.choice(("kill", "stop")), node, lasts))
            at += lasts + draw.expovariate((1 - up) / (up * down))
    return sorted(plan, key=lambda fault: fault.at)


class Tormentor:
    """Carries a plan out. `active` are the faults of the moment; `felt` those, and the ones after which a node may still be on its way back."""

    def __init__(self, deployment, plan):
        self.deployment, self.plan, self.active, self.done = deployment, plan, frozenset(), 0
        self._undone = []  # (when, fault)
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def felt(self):
        with self._lock:
            now = time.monotonic()
            self._undone = [(when, fault) for when, fault in self._undone if now < when + REJOIN]
            return self.active | {fault for _, fault in self._undone if fault.kind in DOWN}

    def start(self):
        self._begin = time.monotonic()
        self._thread.start()

    def finish(self):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self):
        undo = []  # (when, fault)
        todo = list(self.plan)
        while (todo or undo) and not self._stop.is_set():
            now = time.monotonic() - self._begin
            while todo and todo[0].at <= now:
                fault = todo.pop(0)
                self._change(self.active | {fault})
                self._apply(fault, True)
                undo.append((fault.at + fault.seconds, fault))
                self.done += 1
            for when, fault in list(undo):
                if when <= now:
                    self._apply(fault, False)
                    self._change(self.active - {fault}, [(time.monotonic(), fault)])
                    undo.remove((when, fault))
            slow = {fault.node for fault in self.active if fault.kind == "slow"}
            for node in slow:
                (self.deployment.freeze if int(now / SLICE) % 2 else self.deployment.thaw)(node)
            self.deployment.watch()
            time.sleep(SLICE / 4 if slow else 0.01)
        for _, fault in undo:
            self._apply(fault, False)

    def _change(self, active, undone=()):
        with self._lock:
            self.active = frozenset(active)
            self._undone += undone

    def _apply(self, fault, begins):
        deployment = self.deployment
        if fault.kind == "kill":
            (deployment.kill if begins else deployment.restart)(fault.node)
        elif fault.kind == "stop":
            (deployment.freeze if begins else deployment.thaw)(fault.node)
        elif fault.kind == "slow":
            if not begins:
                deployment.thaw(fault.node)
        else:
            for wire in deployment.wires.of(fault.node):
                if fault.kind == "partition":
                    wire.silent = begins
                elif fault.kind == "delay":
                    wire.delay = 0.05 if begins else 0.0
                else:
                    wire.corrupt = 20 if begins else 0
