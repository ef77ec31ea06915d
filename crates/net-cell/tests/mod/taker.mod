: Takes what its pointer refers to, if it refers to something, and loses it, but never more than there is.
NEURON { SUFFIX taker POINTER p RANGE has, taken NONSPECIFIC_CURRENT i }
ASSIGNED { p has taken i }
STATE { left a b }
INITIAL { has = 0 taken = 0 left = 0.25 a = 1 b = 1 }
BREAKPOINT {
    has = nrn_pointing(p)
    if (nrn_pointing(p) && p > 0) {
        taken = taken + p
        left = p
        p = 0
    }
    SOLVE lose METHOD sparse
    i = 0
}
KINETIC lose {
    ~ left << (-1)
    ~ a + b <-> a (1, 0)
}
