NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER {
    g = 0.001 (S/cm2)
}
UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = g*(v - g)
:          ^ warning: units differ: the left side is a voltage, the right side is a conductance per area
}
