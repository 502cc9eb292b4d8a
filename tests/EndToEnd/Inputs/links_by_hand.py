"""The network of links.test by hand, in numpy: which answers it has while nodes, links and groups fail, and how often they are right.

links_by_hand.py --weights W --data F.npz --evaluation E.json --predictions P.npz --flow F.json --accuracies A.json
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import itertools
import json
import struct

import numpy

# The setting 'hazardous', and what each failure takes down or cuts.
UP = {
    "edge": 0.78, "fog2": 0.80, "fog1": 0.85,
    "mobile": 0.9, "radio": 0.95, "backbone": 0.94, "uplink": 0.97, "site": 0.96, "rack": 0.99,
}
HOLDS = {"rack": {"fog2", "fog1"}, "site": {"edge", "lan"}}
# What each node takes: from whom, over which links and relays. The device relays what the edge sends to the first fog, the first fog
# what the device sends to the second, and what that sends to the cloud.
INPUTS = {
    "edge": [("iot", {"radio"})],
    "fog2": [("edge", {"lan"}), ("iot", {"mobile", "fog1", "backbone"})],
    "fog1": [("fog2", {"backbone"}), ("edge", {"radio", "iot", "mobile"})],
    "cloud": [("fog1", {"uplink"}), ("fog2", {"backbone", "fog1", "uplink"})],
}
LAYERS = {"edge": 1, "fog2": 2, "fog1": 3, "cloud": 5}


def read_weights(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__")
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = numpy.frombuffer(data[begin:end], numpy.float32).reshape(entry["shape"]).astype(float)
    return arrays


def forward(weights, x, down):
    """Logits, or nothing; and the hyperconnections that they rest on."""
    def dense(name, value):
        return value @ weights[name + ".weight"].T + weights[name + ".bias"]

    values = {"iot": (x - weights["sensors.mean"]) / weights["sensors.deviation"]}
    used = {"iot": frozenset()}
    for node, inputs in INPUTS.items():
        taken = [sender for sender, way in inputs if sender in values and not way & down]
        if node in down or not taken:
            continue
        value = sum(dense("iot_to_fog2.projection", values["iot"]) if (sender, node) == ("iot", "fog2") else values[sender] for sender in taken)
        for k in range(1, LAYERS[node] + 1):
            value = dense(f"{node}.dense{k}", value)
            if node != "cloud" or k < LAYERS[node]:
                value = numpy.maximum(value, 0)
        values[node] = value
        used[node] = frozenset().union(*(used[sender] | {f"{sender}_to_{node}"} for sender in taken))
    return values.get("cloud"), used.get("cloud")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("weights", "data", "evaluation", "predictions", "flow", "accuracies"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    weights, predictions = read_weights(options.weights), numpy.load(options.predictions)
    x = numpy.load(options.data)["x"][predictions["rows"]].astype(float)
    evaluation, table = json.load(open(options.evaluation)), json.load(open(options.accuracies))
    causes = [str(name) for name in predictions["nodes"]]
    assert causes == list(UP), causes
    expected = flow = 0.0
    answers = {}
    assert len(predictions["patterns"]) == len(evaluation["patterns"]) == 2 ** len(UP)
    for bits in itertools.product((0, 1), repeat=len(UP)):
        failed = {cause for cause, bit in zip(UP, bits) if bit}
        probability = numpy.prod([1 - UP[cause] if cause in failed else UP[cause] for cause in UP])
        k = int(numpy.flatnonzero((predictions["patterns"] == bits).all(axis=1))[0])
        assert set(evaluation["patterns"][k]["down"]) == failed
        down = failed.union(*(HOLDS.get(cause, set()) for cause in failed))
        logits, used = forward(weights, x, down)
        found = predictions[f"output/{k}"]
        assert evaluation["patterns"][k]["flow"] == (logits is not None), failed
        if logits is None:
            assert not found.any()
            accuracy = evaluation["guess"]
        else:
            odds = numpy.exp(logits - logits.max(axis=1, keepdims=True))
            assert abs(found - odds / odds.sum(axis=1, keepdims=True)).max() < 1e-5, failed
            assert set(table["patterns"][k]["used"]) == used, (failed, used)
            answers.setdefault(used, found)
            assert numpy.array_equal(answers[used], found)
            accuracy = numpy.mean(found.argmax(axis=1) == predictions["labels"])
            flow += probability
        assert abs(evaluation["patterns"][k]["accuracy"] - accuracy) < 1e-12
        expected += probability * accuracy
    assert abs(evaluation["expected_accuracy"]["hazardous"] - expected) < 1e-12, expected
    assert abs(json.load(open(options.flow))["settings"]["hazardous"]["flow"] - flow) < 1e-12, flow
    assert set(evaluation["single_down"]) == set(UP)
    print(f"{2 ** len(UP)} combinations of failures, {len(answers)} answers: expected accuracy {expected:.6f}, flow {flow:.6f}")


if __name__ == "__main__":
    main()
