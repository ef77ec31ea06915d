TITLE Counter of action potentials

COMMENT
n counts how often v has reached thresh from below, `time` is when it last did: the end of the step. A cell
that starts above the threshold has fired once, at the start.
Names and defaults are those of the point process of this name in NEURON.
ENDCOMMENT

NEURON {
    POINT_PROCESS APCount
    RANGE n, thresh, time, firing
}

UNITS { (mV) = (millivolt) }

PARAMETER { thresh = -20 (mV) }

ASSIGNED {
    v (mV)
    n
    time (ms)
    firing
}

INITIAL {
    n = 0
    firing = 0
    time = 0
    count()
}

BREAKPOINT { SOLVE count METHOD after_cvode }

PROCEDURE count() {
    if (v >= thresh && firing == 0) {
        firing = 1
        time = t
        n = n + 1
    }
    if (v < thresh && firing == 1 && t > time) {
        firing = 0
    }
}
