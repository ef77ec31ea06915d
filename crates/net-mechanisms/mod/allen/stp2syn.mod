TITLE Synapse with depression by depletion and recovery that depends on use

COMMENT
A fraction n of the vesicles is available and recovers with the time constant tau_r (equation 3), which every
spike shortens by a_FDR and which returns to tau_r0 with tau_FDR (equation 5); a spike releases Pmax = n p0,
n being that of the step before.
What is released opens a conductance that decays with tau_1: i = g (v - e). The numbers are those of the
equations of Hennig, Front. Comput. Neurosci. 7 (2013) 45.
Names and defaults are those of the point process of this name in models of the Allen Institute.
ENDCOMMENT

NEURON {
    POINT_PROCESS stp2syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, p0, tau_1, tau_r0, a_FDR, tau_FDR, Pmax
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    e = 0 (mV)
    p0 = 0.3
    tau_1 = 5 (ms) <1e-9, 1e9>
    tau_r0 = 1000 (ms) <1e-9, 1e9>
    tau_FDR = 1000 (ms) <1e-9, 1e9>
    a_FDR = 0.5
}

ASSIGNED {
    v (mV)
    i (nA)
    Pmax
}

STATE {
    n
    tau_r (ms)
    g (uS)
}

INITIAL {
    n = 1
    tau_r = tau_r0
    g = 0
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
    Pmax = n*p0
}

DERIVATIVE states {
    g' = -g/tau_1
    n' = (1 - n)/tau_r
    tau_r' = (tau_r0 - tau_r)/tau_FDR
}

NET_RECEIVE (weight (uS)) {
    g = g + weight*Pmax
    n = n - n*p0
    tau_r = tau_r - a_FDR*tau_r
}
