"""The figures of networks: what decides their claims, on synthetic runs."""

from dataclasses import replace

from network_helpers import fake_run

from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.claim import Verdict
from latebloom_paper.book.statistic import Statistic
from latebloom_paper.networks import (
    blog_fig1,
    fig1,
    fig35,
    modular,
    stored_run,
    teachers,
)

# Claims -------------------------------------------------------------------------------------------


def decided(claims, evidence):
    """Return the verdicts by id."""
    return {claim.id: claim.decide(evidence) for claim in claims}


def figure_1(rise, t2s=((900, 700), (500, 400))):
    """Return runs of Figure 1 whose l2 norm ends at `rise` times its least."""
    steps, norm = [0, 10, 100, 1000, 2000], [1, 8, 12, 6, 6 * rise]
    run = {"l2_norm": norm, "test_error": [1, 1, 1, 0, 0.001]}
    by_beta = {
        beta: [fake_run(steps, 10, t2, **run) for t2 in own] * 3
        for beta, own in zip((1e-5, 1e-4), t2s, strict=True)
    }
    return dict.fromkeys(modular.NAMES, by_beta)


def test_the_claims_of_figure_1_follow_from_its_runs():
    found = decided(STUDIES["fig1"].claims, fig1.evidence(figure_1(1.5), {}))
    assert (found.pop("fig1.t1"), found.pop("fig1.t2")) == (Verdict.untested,) * 2
    assert set(found.values()) == {Verdict.holds}
    found = decided(STUDIES["fig1"].claims, fig1.evidence(figure_1(1.0), {}))
    assert found["fig1.rise"] is Verdict.fails
    never = fig1.evidence(figure_1(1.5, ((None, None), (None, None))), {})
    found = decided(STUDIES["fig1"].claims, never)
    assert found["fig1.l1"] is Verdict.fails
    assert found["fig1.rise"] is Verdict.untested
    early = fig1.evidence(figure_1(1.5, ((15, 15), (12, 12))), {})
    assert decided(STUDIES["fig1"].claims, early)["fig1.nuclear"] is Verdict.fails


def test_t1_and_t2_of_figure_1_are_compared_at_the_published_size_only():
    curves, published = {"l2_norm": [1, 1], "test_error": [1, 1]}, fig1.published()
    runs = {
        norm: {beta: [fake_run([0, 10_000], 100, 4 * t2, **curves)] for beta, t2 in own.items()}
        for norm, own in published.items()
        if norm != "l1"
    }
    runs["l1"] = {
        b: [fake_run([0, 30_000], 100, 4 * t, **curves)] for b, t in published["l1"].items()
    }
    found = fig1.evidence(runs, published)
    assert found["fig1.t1"].value == 100
    assert found["fig1.t2"].value == 4
    verdicts = decided(STUDIES["fig1"].claims, found)
    assert verdicts["fig1.t1"] is Verdict.holds
    assert verdicts["fig1.t2"] is Verdict.fails


def test_exponents_decide_their_claims():
    found = dict.fromkeys(("fig2.nuclear-alpha",))
    for statistic, verdict in (
        (Statistic(1.0, 0.95, 1.05, 18), Verdict.holds),
        (Statistic(1.5, 1.3, 1.7, 18), Verdict.fails),
        (Statistic(-0.5, -0.6, -0.4, 18), Verdict.fails),
        (Statistic(1.0, 0.5, 1.5, 18), Verdict.undecided),
    ):
        found = dict.fromkeys(found, statistic)
        assert decided(STUDIES["fig2"].claims, found)["fig2.nuclear-alpha"] is verdict


def test_the_claims_of_teachers_and_students_follow_from_their_runs():
    def student(t2, error):
        steps = [0, 100, t2, 10**6]
        return fake_run(steps, 100, t2, test_error=[50, 20, error, 2 * error])

    def runs(sign, error=0.5):
        return {
            alpha: {
                b: [student(round(1e3 * (alpha * b) ** (-0.1 * sign)) + 101, error)] * 3 for b in bs
            }
            for alpha in (1e-3, 1e-2)
            for bs in [(1e-7, 1e-5, 1e-3)]
        }

    claims = STUDIES["fig10"].claims
    assert decided(claims, teachers.evidence("fig10", runs(1))) == {
        "fig10.delay": Verdict.holds,
        "fig10.generalizes": Verdict.fails,
    }
    assert decided(claims, teachers.evidence("fig10", runs(1, 0.01)))["fig10.generalizes"] is (
        Verdict.holds
    )
    assert decided(claims, teachers.evidence("fig10", runs(-1, 1.0))) == {
        "fig10.delay": Verdict.fails,
        "fig10.generalizes": Verdict.fails,
    }


def test_the_claims_of_the_post_need_its_settings_for_its_numbers():
    steps, norm = [0, 100, 500, 2000, 9000], [13, 60, 80, 93, 58]
    run = fake_run(steps, 500, 9000, l2_norm=norm, test_error=[1] * 5, test_loss=[1] * 5)
    found = decided(STUDIES["blog-fig1"].claims, blog_fig1.evidence([run] * 3))
    assert found["blog-fig1.late"] is found["blog-fig1.falls"] is Verdict.holds
    assert found["blog-fig1.t2"] is found["blog-fig1.rises"] is Verdict.untested
    found = decided(STUDIES["blog-fig1"].claims, blog_fig1.evidence([run] * 3, [run] * 3))
    assert set(found.values()) == {Verdict.holds}
    late = replace(run, phases=fake_run(steps, 500).phases)
    found = decided(STUDIES["blog-fig1"].claims, blog_fig1.evidence([late], [late]))
    assert found["blog-fig1.t2"] is found["blog-fig1.late"] is Verdict.fails


def test_the_claims_of_the_stored_run_are_about_its_own_values():
    steps, norm, loss = [0, 200, 2300, 12_900], [13, 40, 87.17, 50], [5, 20, 31.81, 0]

    def judged(t1=200, t2=12_900, published=True, scale=1.0):
        curves = {"l2_norm": [scale * x for x in norm], "test_loss": [scale * x for x in loss]}
        run = fake_run(steps, t1, t2, test_error=[1, 1, 1, 0], **curves)
        claims = STUDIES["stored-run"].claims
        return decided(claims, stored_run.evidence([run] * 3, published))

    assert set(judged().values()) == {Verdict.holds}
    quick = judged(published=False)
    assert quick.pop("stored-run.late") is Verdict.holds
    assert set(quick.values()) == {Verdict.untested}
    off = judged(t1=1300, t2=10_000, scale=1.1)
    assert off.pop("stored-run.step") is Verdict.holds
    assert set(off.values()) == {Verdict.fails}
    assert judged(t2=None)["stored-run.t2"] is Verdict.fails


def test_digits_are_judged_from_either_start():
    def runs(sign):
        return {
            alpha: {
                b: [fake_run([0, 10**6], 10, round(1e3 * (alpha * b) ** (-0.1 * sign)))] * 3
                for b in (1e-7, 1e-5, 1e-3)
            }
            for alpha in (1e-3, 1e-2)
        }

    found = decided(STUDIES["fig35"].claims, fig35.evidence({1.0: runs(-1), 8.0: runs(1)}))
    assert found == {"fig35.delay": Verdict.corrected, "fig35.mnist": Verdict.undecided}
    assert decided(STUDIES["fig35"].claims, fig35.evidence({1.0: runs(1), 8.0: runs(1)}))[
        "fig35.delay"
    ] is (Verdict.holds)
