TITLE Conductance that stands for synapses that are not modelled

COMMENT
i = (v - amp1)/rs until dur1, and nothing from then on: a conductance 1/rs with the reversal potential amp1. It is
a membrane current; that of an electrode (SEClamp) is not. t is the middle of the step.
Names are those of the point process of this name in Neurodamus.
ENDCOMMENT

NEURON {
    POINT_PROCESS ConductanceSource
    RANGE rs, dur1, amp1, i
    NONSPECIFIC_CURRENT i
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (MOhm) = (megohm)
}

PARAMETER {
    rs = 1 (MOhm) <1e-12, 1e9>
    dur1 = 0 (ms) <0, 1e9>
    amp1 = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
}

BREAKPOINT {
    if (t < dur1) {
        i = (v - amp1)/rs
    } else {
        i = 0
    }
}
