/**
 * The engine and the expert layers against numbers that independent public code computed. A
 * {@link org.moe4j.golden.GoldenFolder} holds cases, one safetensors file each; a {@link org.moe4j.golden.Family} puts a case's
 * configuration together from this project's parts, and {@link org.moe4j.golden.Verification} compares every output and every
 * gradient. Cases are recognised by their family, configuration and tensor names, so that further ones need no code.
 */
package org.moe4j.golden;
