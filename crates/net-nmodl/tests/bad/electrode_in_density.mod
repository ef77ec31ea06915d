NEURON {
    SUFFIX injected
    ELECTRODE_CURRENT i
:                     ^ an electrode stands at a point, a SUFFIX mechanism has no current of one
    RANGE g
}
PARAMETER { g = 0.001 (S/cm2) }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT { i = -g*(v - 1.5) }
