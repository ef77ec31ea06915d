TITLE Calcium concentration in a cylinder

COMMENT
Form of Destexhe, Mainen and Sejnowski, J. Comput. Neurosci. 1 (1994) 195, for the whole volume of the
compartment instead of a shell: with 4/diam, the surface by the volume of a cylinder,

    cai' = -gamma ica 4/(2 F diam) - (cai - minCai)/decay

gamma and decay after Helmchen, Imoto and Sakmann, Biophys. J. 70 (1996) 1069, minCai after Sabatini, Oertner
and Svoboda, Neuron 33 (2002) 439.
ENDCOMMENT

NEURON {
    SUFFIX CaDynamics_DC0
    USEION ca READ ica WRITE cai
    RANGE decay, gamma
}

UNITS {
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    gamma = 0.01 <0, 1e9>
    decay = 70 (ms) <1e-9, 1e9>
    minCai = 6.5e-5 (mM) <0, 1e9>
}

ASSIGNED {
    ica (mA/cm2)
    diam (um)
}

STATE { cai (mM) }

INITIAL { cai = minCai }

BREAKPOINT { SOLVE volume METHOD cnexp }

DERIVATIVE volume {
    cai' = -10000*gamma*ica*4/(2*FARADAY*diam) - (cai - minCai)/decay
}
