"""Parts that do not fit together: one line, what is wrong and what to use instead."""

import re

import numpy as np
import pytest
from network_helpers import refusal

import latebloom as lb
from latebloom.experiment import compatibility

LINEAR = lb.SparseRecovery(n=9, s=2, N=6)
MATRIX = lb.MatrixCompletion(n1=4, n2=3, r=1, N=10)
TABLE = lb.ModularArithmetic(p=5)
TEACHER = lb.TeacherStudent(d=3, hidden=5, C=2, N=6, N_test=4)
PAIR = lb.TokenPair(width=4, hidden=(6,))


@pytest.mark.parametrize(
    ("problem", "changes", "what"),
    [
        (LINEAR, {"model": lb.MLP((4,))}, "MLP: is a network, and SparseRecovery is linear; use L"),
        (MATRIX, {"model": PAIR}, "TokenPair: is a network.*Hadamard or MatrixProduct"),
        (LINEAR, {"precision": "mixed"}, "precision = 'mixed': is for networks.*leave it out"),
        (LINEAR, {"measure": "loss"}, "measure = 'loss': is for networks.*leave it out"),
        (TABLE, {"measure": "p"}, "measure = 'p': must be one of probability, loss"),
        (TEACHER, {"measure": "probability"}, "squared loss are no probabilities; .*'loss'"),
        (LINEAR, {"init": lb.Drawn()}, "init = Drawn: is for networks; use a number, an array or"),
        (LINEAR, {"penalty": lb.On(lb.L1(0.1))}, "penalty On: is for networks; use L1, L2"),
        (LINEAR, {"penalty": lb.L1(0.1) + lb.Sobolev(0.1)}, "penalty Sobolev: is for networks"),
        (TABLE, {"model": lb.Linear()}, "Linear: is for least squares.*MLP, TokenPair, Transf"),
        (TABLE, {"model": lb.MatrixProduct(2)}, "MatrixProduct: is for least squares"),
        (TABLE, {"method": lb.Subgradient(0.1)}, "Subgradient: is for least squares.*Adam, SGD"),
        (TABLE, {"method": lb.ProximalGradient(0.1)}, "networks are trained with Adam, SGD or Opt"),
        (TABLE, {"init": 1e-6}, "init = 1e-06: networks start from their own law; use Drawn"),
        (TABLE, {"init": lb.Gaussian(1.0)}, "networks start from their own law; use Drawn"),
        (TABLE, {"init": np.ones(3)}, "networks start from their own law; use Drawn"),
        (TABLE, {"precision": "float16"}, "precision = 'float16': must be one of mixed, float32, "),
        (TABLE, {"model": lb.MLP((4,))}, "MLP: takes real inputs.*use TokenPair or Transformer"),
        (TEACHER, {"model": PAIR}, "TokenPair: takes pairs of tokens.*use MLP"),
        (
            TABLE,
            {
                "penalty": lb.L1(0.1) + lb.Nuclear(0.1),
                "method": lb.Adam(0.1, coupling="proximal"),
                "model": PAIR,
            },
            "L1 and Nuclear has no prox.*use coupling = 'coupled' or 'decoupled'",
        ),
        (TABLE, {"penalty": lb.On(lb.L1(0.1), "bias*")}, "selects no parameter.*embedding.0"),
        (TABLE, {"penalty": lb.Sobolev(0.1)}, "Sobolev: ModularArithmetic does not know.*Teacher"),
        (
            TEACHER,
            {"penalty": lb.Sobolev(0.1), "method": lb.Adam(0.1, coupling="decoupled")},
            "coupling = 'decoupled': Sobolev is part of the loss; use 'coupled'",
        ),
        (TABLE, {"method": lb.Adam(1e-50)}, "^alpha = 1e-50: float32 has.*precision = 'float64'"),
        (TABLE, {"method": lb.SGD(1e39)}, "^alpha = 1e[+]39: float32 has"),
        (TABLE, {"penalty": lb.L1(1e-3) + lb.L2(1e-45)}, "^L2.beta = 1e-45: float32 has"),
        (lb.ModularArithmetic(p=5, train_fraction=0.01), {}, "train_fraction = 0.01"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(problem, changes, what):
    assert re.search(what, refusal(lambda: lb.Experiment(problem, **changes)))


def test_what_is_left_out_suits_the_problem():
    table, teacher, linear = (lb.Experiment(p) for p in (TABLE, TEACHER, LINEAR))
    assert (table.model, teacher.model, linear.model) == (lb.TokenPair(), lb.MLP(), lb.Linear())
    assert table.method == teacher.method == lb.Adam(1e-3)
    assert table.init == lb.Drawn(seed=0, scale=1.0)
    assert (table.steps, table.record, table.precision) == (10_000, lb.Every(10), "mixed")
    assert (table.thresholds, teacher.thresholds) == ((0.01, 0.01), (0.1, 0.1))
    assert linear.precision is None
    assert "precision" not in linear.to_dict()
    assert compatibility.defaults(TABLE).keys() >= {"method", "model", "init", "record"}


def test_a_default_written_out_is_the_same_experiment():
    whole = lb.Experiment(TABLE, **compatibility.defaults(TABLE))
    assert whole.hash == lb.Experiment(TABLE).hash


def test_numbers_beyond_single_precision_are_allowed_in_double():
    small = lb.Experiment(TABLE, lb.L2(1e-45), lb.Adam(1e-50), PAIR, precision="float64")
    assert small.penalty.beta == 1e-45
    assert lb.Experiment(TABLE, lb.L2(0.0), model=PAIR).penalty.beta == 0.0


def test_least_squares_questions_about_networks_are_refused_in_one_line():
    network = lb.Experiment(TABLE, model=PAIR, steps=5)
    assert "needs a least squares problem" in refusal(lambda: lb.limit(network))
    found = lb.check(lb.simulate(network))["telescoping"]
    assert (found.covered, str(found.verdict)) == (False, "vacuous")
    assert "trains a network" in found.why
    for name in ("data", "least_squares_model", "vector_data"):
        assert refusal(lambda name=name: getattr(network, name)).startswith(
            ("ModularArithmetic: ", "TokenPair: ")
        )


def test_network_questions_about_least_squares_are_refused_in_one_line(tmp_path):
    linear = lb.Experiment(LINEAR, lb.L1(1e-3), steps=5)
    assert "needs a supervised problem" in refusal(lambda: linear.supervised)
    assert "needs a network" in refusal(lambda: linear.network)
    for settings in ({"refine": True}, {"checkpoint": lb.Checkpoint(tmp_path)}):
        message = refusal(lambda s=settings: lb.simulate(linear, **s))
        assert "refine and checkpoint are for networks" in message
    message = refusal(lambda: lb.simulate_batch([linear], checkpoint=lb.Checkpoint(tmp_path)))
    assert "refine and checkpoint are for networks" in message


def test_networks_and_least_squares_are_no_batch():
    network = lb.Experiment(TABLE, model=PAIR, steps=5)
    linear = lb.Experiment(LINEAR, lb.L1(1e-3), steps=5)
    for batch in ([network, linear], [linear, network]):
        message = refusal(lambda b=batch: lb.simulate_batch(b))
        assert "needs a" in message
