// Package faults holds the tests that break something in the midst of a deploy: the worker, the engine, the edge, the
// connection or the host itself, under a steady load. They ask for the same of each: the run ends by itself as if
// nothing had happened, no request is lost, no finished work is done again, and the release that serves is the one
// intended. Tests named TestSoak… repeat them at random, with tag soak.
package faults
