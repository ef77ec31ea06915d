TITLE Calcium in shells with a buffer, a pump and diffusion along the neurite

DEFINE NSHELL 4

NEURON {
    SUFFIX cashells
    USEION ca READ cao, cai, ica WRITE cai, ica VALENCE 2
    RANGE pump_rate
    GLOBAL shell_volume
}

UNITS {
    (molar) = (1/liter)
    (mM) = (millimolar)
    (um) = (micron)
    (mA) = (milliamp)
    FARADAY = (faraday) (10000 coulomb)
    PI = (pi) (1)
    ZCA = 2
}

PARAMETER {
    DCa = 0.6 (um2/ms)
    k1 = 100 (/mM-ms)
    k2 = 0.1 (/ms)
    total = 0.03 (mM)
    pump_rate = 1e-3 (/ms)
}

ASSIGNED {
    diam (um)
    ica (mA/cm2)
    cai (mM)
    cao (mM)
    shell_volume[NSHELL]
    free (mM)
}

STATE {
    ca[NSHELL] (mM) <1e-6>
    buffer[NSHELL] (mM)
    bound[NSHELL] (mM)
}

LOCAL last

INITIAL {
    last = NSHELL - 1
    free = total/(1 + k1/k2*cai)
    FROM i = 0 TO last {
        shell_volume[i] = PI/NSHELL
        ca[i] = cai
        buffer[i] = free
        bound[i] = total - free
    }
    cai = ca[0]
}

BREAKPOINT {
    SOLVE state METHOD sparse
    ica = 0
}

KINETIC state {
    COMPARTMENT i, diam*diam*shell_volume[i]*1(um) { ca buffer bound }
    LONGITUDINAL_DIFFUSION i, DCa*diam*diam*shell_volume[i] { ca }
    ~ ca[0] << (-ica*PI*diam/(ZCA*FARADAY))
    FROM i = 0 TO NSHELL - 2 {
        ~ ca[i] <-> ca[i + 1] (DCa, DCa)
    }
    FROM i = 0 TO NSHELL - 1 {
        ~ ca[i] + buffer[i] <-> bound[i] (k1, k2)
        CONSERVE buffer[i] + bound[i] = total
    }
    ~ ca[0] -> (pump_rate*cao)
    cai = ca[0]
}
