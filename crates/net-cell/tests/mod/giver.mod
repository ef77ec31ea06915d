: Keeps what events bring, in a parameter.
NEURON { POINT_PROCESS giver RANGE amount }
PARAMETER { amount = 7 }
NET_RECEIVE (w) { amount = amount + w }
