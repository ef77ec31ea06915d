TITLE Synapse with depletion, facilitation, desensitization, and adapting probabilities

COMMENT
A fraction n of the vesicles is available and recovers with the time constant tau_r (equation 3), which every
spike shortens by a_FDR and which returns to tau_r0 with tau_FDR (equation 5). The release probability p is
raised by a_f (1 - p) at spikes and returns with tau_f to its baseline pb (equation 4), which spikes lower by
a_i and which returns to pbtilde with tau_i (equation 8). A fraction D of the receptors is not desensitized;
spikes take a_D p n of it away, which returns with tau_D (equation 10). A spike opens Pmax = n p D, these being
those of the step before. p is 1 at the start.
What is released opens a conductance that decays with tau_1: i = g (v - e). The numbers are those of the
equations of Hennig, Front. Comput. Neurosci. 7 (2013) 45.
Names and defaults are those of the point process of this name in models of the Allen Institute.
ENDCOMMENT

NEURON {
    POINT_PROCESS stp5syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, tau_1, tau_r0, a_FDR, tau_FDR, a_D, tau_D, a_i, tau_i, a_f, tau_f, pbtilde, Pmax
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    e = 0 (mV)
    tau_1 = 10 (ms) <1e-9, 1e9>
    tau_r0 = 1000 (ms) <1e-9, 1e9>
    tau_FDR = 1000 (ms) <1e-9, 1e9>
    a_FDR = 0.5
    tau_D = 100 (ms) <1e-9, 1e9>
    a_D = 0.5
    tau_i = 100 (ms) <1e-9, 1e9>
    a_i = 0.5
    tau_f = 10 (ms) <1e-9, 1e9>
    a_f = 0.5
    pbtilde = 0.5
}

ASSIGNED {
    v (mV)
    i (nA)
    Pmax
}

STATE {
    n
    p
    tau_r (ms)
    D
    pb
    g (uS)
}

INITIAL {
    n = 1
    p = 1
    tau_r = tau_r0
    D = 1
    pb = pbtilde
    g = 0
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
    Pmax = n*p*D
}

DERIVATIVE states {
    n' = (1 - n)/tau_r
    p' = (pb - p)/tau_f
    tau_r' = (tau_r0 - tau_r)/tau_FDR
    D' = (1 - D)/tau_D
    pb' = (pbtilde - pb)/tau_i
    g' = -g/tau_1
}

NET_RECEIVE (weight (uS)) {
    g = g + weight*Pmax
    n = n - n*p
    p = p + a_f*(1 - p)
    tau_r = tau_r - a_FDR*tau_r
    D = D - a_D*p*n*D
    pb = pb - a_i*pb
}
