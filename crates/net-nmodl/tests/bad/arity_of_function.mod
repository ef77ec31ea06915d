NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, e
}
PARAMETER {
    g = 0.001 (S/cm2)
    e = -70 (mV)
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = g*driving(v)
:         ^ `driving` takes 2 arguments, not 1
}
FUNCTION driving(v (mV), e (mV)) (mV) { driving = v - e }
