TITLE A slow potassium channel

NEURON {
    SUFFIX kslow
    USEION k READ ek WRITE ik
    RANGE gbar
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.001 (S/cm2)
    vhalf = -45 (mV)
    slope = 5 (mV)
    tau = 20 (ms)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
}

STATE { n }

INITIAL { n = steady(v) }

BREAKPOINT {
    SOLVE gate METHOD cnexp
    ik = gbar*n*(v - ek)
}

DERIVATIVE gate { n' = (steady(v) - n)/tau }

FUNCTION steady(v (mV)) { steady = 1/(1 + exp(-(v - vhalf)/slope)) }
