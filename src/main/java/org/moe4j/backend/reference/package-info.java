/**
 * Float64 in plain loops on one thread: slow, obvious, and what every other back end is tested against. Read
 * {@link org.moe4j.backend.reference.ReferenceBackend} for the list and then the file of a theme; each loop is written as
 * the definition in {@link org.moe4j.backend.Backend} reads.
 */
package org.moe4j.backend.reference;
