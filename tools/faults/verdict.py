"""What a storm has shown: for a person, and as data."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import collections
import json
import math
import statistics

import numpy

from faults.plan import DOWN
from shared.command import Failure

GRACE = 0.05  # seconds that an answer may take past its deadline


STRETCH = 20  # seconds: longer than failures last
MOST_LEARNT = 100  # sets of hyperconnections


class Truth:
    """What the evaluator says: of each failure pattern, its answers, the hyperconnections that they rest on, whether there are any."""

    def __init__(self, table, network, predict):
        """`predict(cut)`: the evaluator's outputs without some hyperconnections."""
        predictions = predict()
        self._names, self._predict = [link["name"] for link in network["hyperconnections"]], predict
        self._outputs, self._flow = {}, {}
        for place, pattern in enumerate(table["patterns"]):
            down, used = frozenset(pattern["down"]), frozenset(pattern["used"])
            self._flow[down] = bool(used)
            if used:
                self._outputs[used] = predictions[f"output/{place}"]
            if not down:
                self.all_used = used

    def flows(self, down):
        """Whether there is a way past these nodes."""
        return self._flow.get(frozenset(down), False)

    def check(self, request):
        """True, False, or None: too many sets of hyperconnections that no failure of nodes gives."""
        if request.used not in self._outputs and len(self._outputs) < len(self._flow) + MOST_LEARNT:
            # One tensor was late, or one link silent: as if all other hyperconnections were cut.
            cut = [name for name in self._names if name not in request.used]
            self._outputs[request.used] = self._predict(cut)["output/0"]
        outputs = self._outputs.get(request.used)
        return None if outputs is None else outputs[request.row].tobytes() == request.values


def judge(load, truth, labels, tormentor, deployment, resources, deadline):
    """All counts, by name."""
    requests = load.requests
    answered = [request for request in requests if request.outcome == "answered"]
    checked = [truth.check(request) for request in answered]
    # A request had a live path if the nodes that were as good as dead, or on their way back, then and at its end, leave one.
    living = [request for request in requests if truth.flows(_down(request.felt[0] | request.felt[1]))]
    right = [bool(numpy.frombuffer(request.values, "<f4").argmax() == labels[request.row]) for request in answered] if labels is not None else []
    known = [(request.predicted, is_right) for request, is_right in zip(answered, right) if request.predicted is not None]
    verdict = {
        "requests": len(requests),
        "faults": tormentor.done,
        "faults_by_kind": _count(fault.kind for fault in tormentor.plan[: tormentor.done]),
        "answered": len(answered),
        "degraded": sum(request.used != truth.all_used for request in answered),
        "refused": sum(request.outcome == "refused" for request in requests),
        "lost": sum(request.outcome == "lost" for request in requests),
        "late": sum(request.seconds > deadline + GRACE for request in requests),
        "wrong": checked.count(False),
        "unverified": checked.count(None),
        "with_live_path": len(living),
        "answered_with_live_path": sum(request.outcome == "answered" for request in living),
        "crashed": deployment.crashed,
        "latency_ms": _latencies(requests),
        "refused_with_live_path_while": _count(kind for request in living if request.outcome != "answered" for kind in _phases(request)),
        "resources": {node: _growth(series) for node, series in resources.items() if series},
        "reasons": dict(collections.Counter(request.message for request in requests if request.message).most_common(10)),
    }
    if known:
        verdict["accuracy"] = {
            "measured": statistics.mean(is_right for _, is_right in known),
            "predicted": statistics.mean(predicted for predicted, _ in known),
            "answers": len(known),
        }
    return verdict


def expect(table, network, setting):
    """Accuracy that the table expects in a setting, with the bounds of its 95 % intervals by test rows, and that of a guess."""
    if not all(name in network["nodes"] for name in network["reliability"][setting]):
        raise Failure(f"links or groups fail in setting '{setting}': chaos hurts nodes")
    expected, low, high, total = 0.0, 0.0, 0.0, 0.0
    for pattern in table["patterns"]:
        probability = math.prod(1 - up if node in pattern["down"] else up for node, up in network["reliability"][setting].items())
        bounds = pattern.get("interval", [pattern["accuracy"]] * 2)
        expected, low, high = expected + probability * pattern["accuracy"], low + probability * bounds[0], high + probability * bounds[1]
        total += probability
    if abs(total - 1) > 1e-6:
        raise Failure(f"the table of accuracies does not have every pattern of setting '{setting}': what it expects there is not in it")
    guess = next((pattern["accuracy"] for pattern in table["patterns"] if not pattern["flow"]), 0.0)
    return {"name": setting, "expected": expected, "expected_interval": [low, high], "guess": guess}


def compare(load, expectation, labels):
    """The expectation, and beside it accuracy over all requests, refused ones guessed, with the 95 % interval of the mean over stretches of time."""
    stretches = collections.defaultdict(list)
    for request in load.requests:
        right = expectation["guess"] if request.outcome != "answered" else float(numpy.frombuffer(request.values, "<f4").argmax() == labels[request.row])
        stretches[int(request.sent / STRETCH)].append(right)
    means = [statistics.mean(rights) for rights in stretches.values()]
    half = 1.96 * statistics.stdev(means) / len(means) ** 0.5 if len(means) > 1 else 1.0
    measured = statistics.mean(means)
    return expectation | {"measured": measured, "measured_interval": [measured - half, measured + half]}


def _down(faults):
    return frozenset(fault.node for fault in faults if fault.kind in DOWN)


def _count(words):
    return dict(collections.Counter(words))


def _phases(request):
    return {fault.kind for fault in request.faults} or {"calm"}


def _latencies(requests):
    """Medians and 99th percentiles of answers, by the faults that were active."""
    by_phase = collections.defaultdict(list)
    for request in requests:
        if request.outcome == "answered":
            for kind in _phases(request):
                by_phase[kind].append(1000 * request.seconds)
    return {kind: {"median": float(numpy.median(values)), "99 %": float(numpy.percentile(values, 99)), "answers": len(values)} for kind, values in sorted(by_phase.items())}


def _growth(series):
    """Of memory and descriptors: medians of the second and of the last quarter; the first is the start."""
    quarter = max(1, len(series) // 4)
    early, late = series[quarter : 2 * quarter] or series, series[-quarter:]
    median = lambda part, k: float(statistics.median(each[k] for each in part))  # noqa: E731
    return {"bytes": [median(early, 0), median(late, 0)], "descriptors": [median(early, 1), median(late, 1)]}


def holds(verdict):
    """The promises that were broken, a sentence each."""
    broken = []
    for name, what in (("lost", "were lost"), ("late", "came later than their deadline allows"), ("wrong", "are not the evaluator's")):
        if verdict[name]:
            broken.append(f"{verdict[name]} requests {what}")
    if verdict["crashed"]:
        broken.append(f"{len(verdict['crashed'])} processes ended by themselves")
    living, answered = verdict["with_live_path"], verdict["answered_with_live_path"]
    if answered < 0.95 * living:
        broken.append(f"{answered} of {living} requests with a live path were answered, less than 95 %")
    return broken


def write_text(verdict):
    of = lambda part, whole: f"{100 * part / whole:.2f} %" if whole else "-"  # noqa: E731
    lines = [
        f"{verdict['requests']} requests, {verdict['faults']} faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(verdict["faults_by_kind"].items())),
        f"answered      {verdict['answered']:8} {of(verdict['answered'], verdict['requests'])}, {verdict['degraded']} of them without a part of the network",
        f"refused       {verdict['refused']:8} in time, with a reason",
        f"lost          {verdict['lost']:8}",
        f"late          {verdict['late']:8} by more than {1000 * GRACE:.0f} ms",
        f"wrong         {verdict['wrong']:8} of {verdict['answered'] - verdict['unverified']} that could be compared with the evaluator",
        f"live path     {verdict['answered_with_live_path']:8} of {verdict['with_live_path']} answered, {of(verdict['answered_with_live_path'], verdict['with_live_path'])}",
        f"crashed       {len(verdict['crashed']):8}",
    ]
    if accuracy := verdict.get("accuracy"):
        lines.append(f"accuracy      {100 * accuracy['measured']:8.2f} % measured, {100 * accuracy['predicted']:.2f} % predicted, over {accuracy['answers']} answers")
    if setting := verdict.get("setting"):
        said = {word: f"{100 * setting[word]:.2f} % ({100 * setting[word + '_interval'][0]:.2f} to {100 * setting[word + '_interval'][1]:.2f})" for word in ("measured", "expected")}
        lines.append(f"{setting['name']:12} {said['measured']} over all requests, what was refused guessed; {said['expected']} expected")
    lines += ["", "while         median ms     99 % ms   answers   none, with a live path"]
    refused = verdict["refused_with_live_path_while"]
    lines += [f"{kind:12} {each['median']:10.2f} {each['99 %']:11.2f} {each['answers']:9} {refused.get(kind, 0):24}" for kind, each in verdict["latency_ms"].items()]
    lines += ["", "node, never killed      MB early      late    descriptors early      late"]
    for node, growth in verdict["resources"].items():
        (b0, b1), (d0, d1) = growth["bytes"], growth["descriptors"]
        lines.append(f"{node:20} {b0 / 1e6:12.1f} {b1 / 1e6:9.1f} {d0:20.0f} {d1:9.0f}")
    if verdict["reasons"]:
        lines += ["", "reasons"] + [f"{count:8}  {reason}" for reason, count in verdict["reasons"].items()]
    return "\n".join(lines) + "\n"


def write_json(verdict):
    return json.dumps({"schema": 1, **verdict}, indent=1) + "\n"
