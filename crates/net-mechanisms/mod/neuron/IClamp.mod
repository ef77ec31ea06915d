TITLE Electrode that injects a current pulse

COMMENT
i = amp while delay <= t < delay + dur, positive into the cell; t is the middle of the step.
As the point process of this name in NEURON, whose `del` is called `delay` here.
ENDCOMMENT

NEURON {
    POINT_PROCESS IClamp
    RANGE delay, dur, amp, i
    ELECTRODE_CURRENT i
}

UNITS { (nA) = (nanoamp) }

PARAMETER {
    amp = 0 (nA)
    delay = 0 (ms)
    dur = 0 (ms) <0, 1e9>
}

ASSIGNED { i (nA) }

BREAKPOINT {
    if (t >= delay && t < delay + dur) {
        i = amp
    } else {
        i = 0
    }
}
