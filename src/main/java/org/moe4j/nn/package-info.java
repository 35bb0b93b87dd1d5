/**
 * The ordinary layers: linear, embedding, norms, attention, LSTM, dropout. A {@link org.moe4j.nn.Module} makes its
 * parameters in the constructor from an {@link org.moe4j.nn.Init} and its forward method is the formula; what differs from
 * call to call (training or not, random numbers, padding) comes in as a {@link org.moe4j.nn.Pass}.
 */
package org.moe4j.nn;
