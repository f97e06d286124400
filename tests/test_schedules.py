"""Schedules of alpha and beta: their values, in NumPy and in JAX, and what they refuse."""

from math import inf, nan

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import examples, iterate, linear_data, numpy_oracle, unchecked, x64

import latebloom as lb
from latebloom.core import schedules

SCHEDULES = examples("schedule")
STEPS = (0, 1, 2, 3, 4, 99, 10**6)

every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


# --- what every schedule promises -----------------------------------------------------------------


@every_schedule
@pytest.mark.parametrize("t1", [-1, 2])
def test_values_are_finite_and_not_negative_and_arrays_are_steps_side_by_side(schedule, t1):
    values = np.array([float(schedule(t, t1)) for t in STEPS])
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    many = schedule(np.array(STEPS), np.full(len(STEPS), t1))
    np.testing.assert_array_equal(many, values)


@every_schedule
@pytest.mark.parametrize("t1", [-1, 2])
def test_jax_agrees_with_numpy_also_when_compiled(schedule, t1):
    with x64():
        compiled = jax.jit(schedule)
        got = [float(compiled(jnp.asarray(t), jnp.asarray(t1))) for t in STEPS]
    expected = [float(schedule(t, t1)) for t in STEPS]
    np.testing.assert_allclose(got, expected, rtol=1e-14)


@every_schedule
def test_only_those_that_say_so_depend_on_t1(schedule):
    before, after = ([float(schedule(t, t1)) for t in STEPS] for t1 in (-1, 0))
    assert schedule.needs_t1 == (before != after)
    assert schedules.needs_t1(schedule) == schedule.needs_t1


@every_schedule
def test_a_schedule_can_be_the_strength_and_the_step_size(schedule):
    penalty, method = lb.L1(beta=schedule), lb.Subgradient(alpha=schedule)
    assert penalty.strength(3, 2) == schedule(3, 2)
    assert schedules.value_at(method.alpha, 3, 2) == schedule(3, 2)
    assert schedules.initial(schedule) == schedule(0, -1)
    assert schedules.constant(schedule) is None


# --- each schedule --------------------------------------------------------------------------------


def test_piecewise_starts_each_value_at_its_step():
    beta = lb.Piecewise(steps=(0, 10, 20), values=(1.0, 0.0, 0.5))
    expected = [1.0] * 10 + [0.0] * 10 + [0.5] * 5
    assert [float(beta(t, -1)) for t in range(25)] == expected


def test_switch_on_waits_for_memorization():
    beta = lb.SwitchOn(value=0.5, before=0.1)
    assert [float(beta(t, t1)) for t, t1 in ((0, -1), (10**9, -1), (7, 7), (8, 7), (0, 0))] == [
        0.1,
        0.1,
        0.5,
        0.5,
        0.5,
    ]
    assert float(lb.SwitchOn(0.5)(3, -1)) == 0


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_power_decay_is_a_straight_line_on_logarithmic_axes(power):
    decay = lb.PowerDecay(0.3, scale=10, power=power)
    t = np.array([0, 10, 30, 90, 10**4])
    expected = 0.3 / (1 + t / 10) ** power
    np.testing.assert_allclose(decay(t, -1), expected, rtol=1e-14)


def test_a_number_is_its_own_schedule():
    assert (
        schedules.value_at(0.3, 5, -1) == schedules.initial(0.3) == schedules.constant(0.3) == 0.3
    )
    assert not schedules.needs_t1(0.3)


def test_switching_the_penalty_on_after_t1_leaves_the_first_phase_unpenalized():
    problem, start = linear_data(), np.zeros(9)
    penalty = lb.L1(lb.SwitchOn(0.5))
    method = lb.Subgradient(0.01)
    plain = iterate(method, None, numpy_oracle(problem), start, 10)
    same = iterate(method, penalty, numpy_oracle(problem), start, 10)  # with its strength at step 0
    np.testing.assert_array_equal(plain[-1], same[-1])


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-0.1, nan, inf, True, "1", None])
@pytest.mark.parametrize(
    "make",
    [
        lambda v: lb.Piecewise((0,), (v,)),
        lambda v: lb.SwitchOn(v),
        lambda v: lb.SwitchOn(1.0, before=v),
        lambda v: lb.PowerDecay(v),
        lambda v: lb.PowerDecay(1.0, scale=v),
        lambda v: lb.PowerDecay(1.0, power=v),
    ],
    ids=["values", "value", "before", "decay", "scale", "power"],
)
def test_impossible_values_are_refused(make, value):
    with unchecked(), pytest.raises(lb.InvalidInput, match="must be a finite number") as error:
        make(value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize(
    ("steps", "values", "reason"),
    [
        ((), (), "equal length and start"),
        ((1,), (1.0,), "equal length and start"),
        ((0, 5), (1.0,), "equal length"),
        ((0, 5, 5), (1.0, 2.0, 3.0), "must increase"),
        ((0, 5, 3), (1.0, 2.0, 3.0), "must increase"),
        ((0, 2.5), (1.0, 2.0), "must be an integer"),
        ((0, True), (1.0, 2.0), "must be an integer"),
    ],
)
def test_impossible_pieces_are_refused(steps, values, reason):
    with unchecked(), pytest.raises(lb.InvalidInput, match=reason) as error:
        lb.Piecewise(steps=steps, values=values)
    assert "\n" not in str(error.value)


def test_pieces_may_be_given_as_lists():
    with unchecked():
        beta = lb.Piecewise(steps=[0, 5], values=[0.0, 1e-3])
    assert beta == lb.Piecewise(steps=(0, 5), values=(0.0, 1e-3))
    assert hash(beta) == hash(lb.Piecewise(steps=(0, 5), values=(0.0, 1e-3)))


def test_the_scale_of_a_decay_must_be_positive():
    with pytest.raises(lb.InvalidInput, match="scale = 0: must be a finite number > 0"):
        lb.PowerDecay(0.1, scale=0)


def test_the_largest_alpha_of_a_schedule_decides_about_stability():
    problem = lb.SparseRecovery(n=20, s=2, N=10)
    alpha = lb.Piecewise(steps=(0, 100), values=(0.1 * problem.alpha_max, 2 * problem.alpha_max))
    experiment = lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(alpha), steps=1000)
    with pytest.raises(lb.InvalidInput, match="not stable"):
        lb.simulate(experiment)
    with pytest.raises(lb.Unsupported, match="stable step size"):
        lb.simulate(experiment, engine="jump", force=True)
    assert lb.simulate(experiment, force=True).phases.verdict == "diverged"


@pytest.mark.parametrize(
    "schedule",
    [
        lb.Piecewise(steps=(0, 5, 9), values=(0.1, 0.7, 0.2)),
        lb.SwitchOn(0.3),
        lb.SwitchOn(0.3, before=0.5),
        lb.PowerDecay(0.4),
    ],
)
def test_largest_is_the_maximum_over_all_steps(schedule):
    seen = [float(schedule(t, t1)) for t in range(100) for t1 in (-1, 7)]
    assert schedule.largest == max(seen)
