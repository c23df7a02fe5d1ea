"""
The shell around a chain: the only package that imports web3, the compiler and a node.

What decides anything lives in the pure modules above; here bytes are sent, received, compiled and stored.
"""
