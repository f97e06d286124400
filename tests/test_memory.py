"""Memory: a batch that would not fit is refused before it is made, with the numbers."""

import re

import jax
import numpy as np
from helpers import x64
from network_helpers import refusal

import latebloom as lb
from latebloom.engines import memory
from latebloom.engines.network import compiled, setup

SMALL = lb.Experiment(lb.ModularArithmetic(p=11), model=lb.TokenPair(8, hidden=(8,)), steps=20)


def free(monkeypatch, number):
    """Pretend that so many bytes are free."""
    monkeypatch.setattr(memory, "available_memory", lambda: float(number))


def test_a_batch_too_large_is_refused_with_how_many_would_fit(monkeypatch):
    one = memory.required_memory([SMALL])
    free(monkeypatch, 3.5 * one)
    batch = [SMALL.with_(init=lb.Drawn(seed)) for seed in range(8)]
    message = refusal(lambda: lb.simulate_batch(batch))
    assert "train at most 3 of the 8 experiments together" in message
    assert len(re.findall(r"\d+\.\d GiB", message)) == 2
    assert len(lb.simulate_batch(batch[:3])) == 3


def test_one_run_too_large_is_refused_with_what_to_make_smaller(monkeypatch):
    free(monkeypatch, 10)
    message = refusal(lambda: lb.simulate(SMALL))
    assert "0.0 GiB are free: use fewer examples, a smaller network, or fewer records" in message


def test_absurd_networks_are_refused_before_they_take_memory():
    wide = lb.TokenPair(width=64, hidden=(64, 2**12))
    batch = [SMALL.with_(model=wide, init=lb.Drawn(seed)) for seed in range(3)] * 10**5
    assert memory.required_memory(batch[:3] * 10**5) > 2**40
    assert "together" in refusal(lambda: memory.require_memory(batch))


def test_requirements_grow_with_the_batch_the_network_and_the_examples():
    base = memory.required_memory([SMALL])
    # The runs share one data set.
    assert 4 * base < memory.required_memory([SMALL] * 5) < 5 * base
    for larger in (
        SMALL.with_(model=lb.TokenPair(8, hidden=(80,))),
        SMALL.with_(problem=lb.ModularArithmetic(p=23)),
        SMALL.with_(steps=10**5),
    ):
        assert memory.required_memory([larger]) > 1.5 * base


def test_the_estimate_is_near_what_the_compiler_takes():
    """Within a factor of 3 of arguments, results and intermediates of one update."""
    batch = [
        lb.Experiment(
            lb.ModularArithmetic(p=23, seed=seed), model=lb.TokenPair(32, hidden=(32,)), steps=20
        )
        for seed in range(4)
    ]
    with x64():
        program, data, numbers, state = setup(batch)
        t1 = np.full(4, -1)
        found = compiled(program)[0].lower(data, numbers, state, 0, t1, 5).compile()
    analysis = found.memory_analysis()
    taken = (
        analysis.argument_size_in_bytes
        + analysis.output_size_in_bytes
        + analysis.temp_size_in_bytes
    )
    assert 1 / 3 < memory.required_memory(batch) / taken < 3


def test_available_memory_is_a_positive_number():
    assert 2**20 < memory.available_memory() < 2**50
    assert jax.devices()
