TITLE Synapse with depletion, recovery that depends on use, and desensitization

COMMENT
A fraction n of the vesicles is available and recovers with the time constant tau_r (equation 3), which every
spike shortens by a_FDR and which returns to tau_r0 with tau_FDR (equation 5). A fraction D of the receptors
is not desensitized; spikes take a_D p0 n of it away, which returns with tau_D (equation 10). A spike opens
n p0 D.
What is released opens a conductance that decays with tau_1: i = g (v - e). The numbers are those of the
equations of Hennig, Front. Comput. Neurosci. 7 (2013) 45.
Names and defaults are those of the point process of this name in models of the Allen Institute.
ENDCOMMENT

NEURON {
    POINT_PROCESS stp3syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, p0, tau_1, tau_r0, a_FDR, tau_FDR, a_D, tau_D
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    e = 0 (mV)
    p0 = 0.3
    tau_1 = 10 (ms) <1e-9, 1e9>
    tau_r0 = 1000 (ms) <1e-9, 1e9>
    tau_FDR = 1000 (ms) <1e-9, 1e9>
    a_FDR = 0.5
    tau_D = 100 (ms) <1e-9, 1e9>
    a_D = 0.5
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    n
    tau_r (ms)
    D
    g (uS)
}

INITIAL {
    n = 1
    tau_r = tau_r0
    D = 1
    g = 0
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
}

DERIVATIVE states {
    n' = (1 - n)/tau_r
    g' = -g/tau_1
    tau_r' = (tau_r0 - tau_r)/tau_FDR
    D' = (1 - D)/tau_D
}

NET_RECEIVE (weight (uS)) {
    g = g + weight*n*p0*D
    n = n - n*p0
    tau_r = tau_r - a_FDR*tau_r
    D = D - a_D*p0*n*D
}
