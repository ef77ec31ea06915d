NEURON { SUFFIX nothing }
:               ^ SUFFIX nothing is not supported
FUNCTION f(x) { f = x }
