/**
 * Files that can be trusted: atomic writing, safetensors, and specs read from YAML or JSON into records.
 * Whatever a user can get wrong ends in an {@link org.moe4j.io.InputException}: one sentence that names the thing, the
 * value and what would do. Start with {@link org.moe4j.io.AtomicFile} and {@link org.moe4j.io.SpecReader}.
 */
package org.moe4j.io;
