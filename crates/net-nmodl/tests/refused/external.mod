NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    EXTERNAL gl_hh
}
ASSIGNED { v (mV) i (mA/cm2) gl_hh }
BREAKPOINT { i = gl_hh*v }
:                ^ EXTERNAL is not supported
