TITLE Synapse with depression by depletion

COMMENT
A fraction n of the vesicles is available and recovers with tau_r (equation 3); a spike releases n p0 of them.
What is released opens a conductance that decays with tau_1: i = g (v - e). The numbers are those of the
equations of Hennig, Front. Comput. Neurosci. 7 (2013) 45.
Names and defaults are those of the point process of this name in models of the Allen Institute.
ENDCOMMENT

NEURON {
    POINT_PROCESS stp1syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, tau_r, p0, tau_1
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    e = 0 (mV)
    tau_r = 100 (ms) <1e-9, 1e9>
    p0 = 0.3
    tau_1 = 10 (ms) <1e-9, 1e9>
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    n
    g (uS)
}

INITIAL {
    n = 1
    g = 0
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
}

DERIVATIVE states {
    n' = (1 - n)/tau_r
    g' = -g/tau_1
}

NET_RECEIVE (weight (uS)) {
    g = g + weight*n*p0
    n = n - n*p0
}
