TITLE Single-electrode voltage clamp with three levels

COMMENT
An electrode with the series resistance rs to a command potential: i = (amp - v)/rs, positive into the
cell, at amp1 for dur1, then amp2 for dur2, then amp3 for dur3; afterwards it is disconnected.
After a step i is that of the potential which the step leads to, with the command of its middle.
Names and defaults are those of the point process of this name in NEURON.
ENDCOMMENT

NEURON {
    POINT_PROCESS SEClamp
    RANGE rs, dur1, amp1, dur2, amp2, dur3, amp3, i
    ELECTRODE_CURRENT i
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (MOhm) = (megohm)
    (uS) = (microsiemens)
}

PARAMETER {
    rs = 1 (MOhm) <1e-12, 1e9>
    dur1 = 0 (ms) <0, 1e9>
    amp1 = 0 (mV)
    dur2 = 0 (ms) <0, 1e9>
    amp2 = 0 (mV)
    dur3 = 0 (ms) <0, 1e9>
    amp3 = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    level (mV)
    g (uS)
}

BREAKPOINT {
    level = amp3
    if (t < dur1 + dur2) {
        level = amp2
    }
    if (t < dur1) {
        level = amp1
    }
    g = 0
    if (t < dur1 + dur2 + dur3) {
        g = 1/rs
    }
    i = g*(level - v)
}

AFTER SOLVE {
    i = g*(level - v)
}
