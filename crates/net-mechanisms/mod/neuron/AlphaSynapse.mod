TITLE Conductance that follows an alpha function once

COMMENT
g = gmax x exp(1 - x) with x = (t - onset)/tau from 0 to 10, 0 before and afterwards: its peak is gmax, at
onset + tau; i = g (v - e). Rall, J. Neurophysiol. 30 (1967) 1138. t is the middle of the step.
Names and defaults are those of the point process of this name in NEURON.
ENDCOMMENT

NEURON {
    POINT_PROCESS AlphaSynapse
    NONSPECIFIC_CURRENT i
    RANGE onset, tau, gmax, e, i, g
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    onset = 0 (ms)
    tau = 0.1 (ms) <1e-3, 1e6>
    gmax = 0 (uS) <0, 1e9>
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    g (uS)
}

BREAKPOINT {
    LOCAL x
    x = (t - onset)/tau
    g = 0
    if (x >= 0 && x <= 10) {
        g = gmax*x*exp(1 - x)
    }
    i = g*(v - e)
}
