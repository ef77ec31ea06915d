TITLE Synapse with a conductance that rises and falls exponentially

COMMENT
g = B - A; both jump by the weight (uS) times a factor that makes the peak of one event the weight,
and decay with tau1 (A) and tau2 (B); i = g (v - e). The difference of exponentials has its peak
tau1 tau2/(tau2 - tau1) ln(tau2/tau1) after the event.
Names and defaults are those of the point process of this name in NEURON, which also limits tau1 to
0.9999 tau2: equal time constants have no difference of exponentials.
ENDCOMMENT

NEURON {
    POINT_PROCESS Exp2Syn
    RANGE tau1, tau2, e, i, g
    NONSPECIFIC_CURRENT i
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    tau1 = 0.1 (ms) <1e-9, 1e9>
    tau2 = 10 (ms) <1e-9, 1e9>
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    g (uS)
    rise (ms)
    factor
}

STATE {
    A (uS)
    B (uS)
}

INITIAL {
    LOCAL peak
    if (tau1/tau2 > 0.9999) {
        rise = 0.9999*tau2
    } else {
        rise = tau1
    }
    peak = rise*tau2/(tau2 - rise)*log(tau2/rise)
    factor = 1/(exp(-peak/tau2) - exp(-peak/rise))
    A = 0
    B = 0
}

BREAKPOINT {
    SOLVE decay METHOD cnexp
    g = B - A
    i = g*(v - e)
}

DERIVATIVE decay {
    A' = -A/rise
    B' = -B/tau2
}

NET_RECEIVE (weight (uS)) {
    A = A + weight*factor
    B = B + weight*factor
}
