/**
 * Java in Jupyter: {@link org.moe4j.notebook.JShellKernel} runs a notebook's cells on the project's own classes, started by
 * {@code notebooks/kernels/java}. It speaks the protocol through the library that IJava is built on, and notebooks kept free of
 * magics run on either. {@link org.moe4j.notebook.RichDisplay} is how tensors, tables and charts look as a cell's value.
 */
package org.moe4j.notebook;
