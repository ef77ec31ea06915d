NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, e
}
PARAMETER {
    g = 0.001 (S/cm2)
    e = -70 (mV)
    old = 3
:   ^ warning: parameter `old` is never read
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    LOCAL a
:         ^ warning: `a` is never used
    i = g*(v - e)
}
