TITLE Tetrodotoxin, on or off

COMMENT
Gives every sodium channel of the set that stands on the compartment a concentration of tetrodotoxin outside:
they close where it is above 1e-12 mM. The concentration inside, 1/64 mM, is the sign by which channels know
that this mechanism is there.
ENDCOMMENT

NEURON {
    SUFFIX TTXDynamicsSwitch
    USEION ttx WRITE ttxo, ttxi VALENCE 1
    RANGE ttxo_level
}

UNITS { (mM) = (milli/liter) }

PARAMETER { ttxo_level = 1e-12 (mM) <0, 1e9> }

ASSIGNED {
    ttxo (mM)
    ttxi (mM)
}

INITIAL {
    ttxo = ttxo_level
    ttxi = 0.015625
}
