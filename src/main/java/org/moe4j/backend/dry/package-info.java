/**
 * A back end that computes nothing and holds nothing: a storage is only its size. A training step run on
 * {@link org.moe4j.backend.dry.DryBackend} says what it would take in memory and FLOPs, at any size of model, before
 * anything is allocated.
 */
package org.moe4j.backend.dry;
