TITLE Counter of glutamate that a process of an astrocyte takes up

COMMENT
Every event, a release at a synapse that the astrocyte enwraps, adds 1 to glut. What acts on glutamate in the
section, such as cadifus, refers to it by a pointer and sets it back to 0.

Names are those of the point process of this name that neuro-glial-vascular circuits of the Blue Brain and
Open Brain projects use.
ENDCOMMENT

NEURON {
    POINT_PROCESS GlutReceive
    RANGE glut
}

PARAMETER { glut = 0 <0, 1e9> }

INITIAL { glut = 0 }

NET_RECEIVE (weight) { glut = glut + 1 }
