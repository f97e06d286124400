"""The verdicts on logged curves, and what to try next."""

import enum


class Finding(enum.StrEnum):
    """What a pair of logged curves shows: the verdicts of `latebloom.Verdict` and four more."""

    grokked = "grokked"
    generalized_at_once = "generalized_at_once"
    delayed = "delayed"
    unstable = "unstable"
    memorized_only = "memorized_only"
    mirage = "mirage"
    overfitting = "overfitting"
    still_improving = "still_improving"
    never_memorized = "never_memorized"
    ungrokked = "ungrokked"
    diverged = "diverged"
    undecided = "undecided"

    @property
    def advice(self) -> str:
        """One sentence: the meaning, then what to try. A diagnosis may know better: `advice`."""
        return _ADVICE[self]


_ADVICE = {
    Finding.grokked: "The model generalized long after it had memorized; more weight decay or a "
    "larger learning rate should shorten the delay, which scales as 1/(alpha beta).",
    Finding.generalized_at_once: "The model generalized without the relative delay of grokking; "
    "fewer samples make a delay longer.",
    Finding.delayed: "The model generalized more than a decade after it had memorized, but not by "
    "the larger delay (kappa) that is asked for here; leave --kappa out for the usual definition.",
    Finding.unstable: "The model generalized, and lost it again and again; lower the learning "
    "rate, clip the gradients or raise Adam's epsilon, and keep a checkpoint of a good stretch.",
    Finding.memorized_only: "The model fits the training data and its test curve has settled "
    "before its threshold; a plateau does not tell whether a late rise follows: train longer (with "
    "weight decay about 1/(alpha beta) steps), add a regularizer that fits the target, or use more "
    "samples.",
    Finding.mirage: "The test error dropped late and settled above its threshold: a drop is no "
    "generalization; the norm of the weights (--norm) may tell whether its decay explains it.",
    Finding.overfitting: "The test curve is worse than it has been while training went on to fit "
    "the data; keep the best checkpoint, or regularize: what is overfitting now may still grok.",
    Finding.still_improving: "The test curve is still getting better; train on, diagnose again.",
    Finding.never_memorized: "The training curve has settled before its threshold; lower the "
    "regularization, try another learning rate, or set --train-threshold to what it can reach.",
    Finding.ungrokked: "The model generalized and lost it again; keep the earlier checkpoint, and "
    "look for instabilities or too large a learning rate.",
    Finding.diverged: "The training blew up; lower the learning rate.",
    Finding.undecided: "The log does not show how the run ends; train longer, or log more often.",
}

# Of a delay that is not late by kappa.
LATER = (
    "The model generalized after it had memorized, by {ratio} times t1, which is not above kappa = "
    "{kappa:g}: this delay is too short to count as grokking. With fewer training examples it is "
    "longer."
)

# Of an undecided run, what is open.
EARLIER = (
    "The log begins when both curves are beyond their thresholds, and says nothing of the delay; "
    "give its earlier part."
)
RATIO = (
    "The model generalized; only whether the delay is late relative to t1 is open, between "
    "'grokked' and 'generalized_at_once': log more often early, about t1."
)
FORGOT = (
    "The model memorized the training data and lost it again; look for an instability (lower the "
    "learning rate, clip the gradients) or too strong a regularization before anything else."
)
NOT_HELD = (
    "The model generalized late, but training did not hold q from t1 to t2, as is asked here; "
    "look for an instability, or choose a lower q."
)
PART = (
    "The model generalized in part, after it had memorized, and has settled before its threshold; "
    "add samples or a regularizer that fits the target, or train longer."
)
NEAR = (
    "The test curve has settled too near to its threshold to say on which side; choose another "
    "--test-threshold, or evaluate on more examples."
)
UNFITTED = (
    "The test curve is beyond its threshold while the training curve is not: dropout, augmentation "
    "or noise in the training data do that; set --train-threshold to what it can reach."
)
