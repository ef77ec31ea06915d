TITLE Calcium concentration in a shell under the membrane

COMMENT
Destexhe, Mainen and Sejnowski, J. Comput. Neurosci. 1 (1994) 195: a part gamma of the calcium that enters
stays free in a shell of the given depth and is removed with the time constant decay,

    cai' = -gamma ica/(2 F depth) - (cai - minCai)/decay

The concentration starts at that of the ion.
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
ENDCOMMENT

NEURON {
    SUFFIX CaDynamics_E2
    USEION ca READ ica WRITE cai
    RANGE decay, gamma, minCai, depth
}

UNITS {
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    gamma = 0.05 <0, 1e9>
    decay = 80 (ms) <1e-9, 1e9>
    depth = 0.1 (um) <1e-9, 1e9>
    minCai = 1e-4 (mM) <0, 1e9>
}

ASSIGNED { ica (mA/cm2) }

STATE { cai (mM) }

BREAKPOINT { SOLVE shell METHOD cnexp }

DERIVATIVE shell {
    cai' = -10000*gamma*ica/(2*FARADAY*depth) - (cai - minCai)/decay
}
