/**
 * The architectures of the papers by name, one file a family: {@link org.moe4j.model.zoo.Architecture#named} gives any of them, as its authors
 * published it, with the counts they print. They are specs like any other, made of the same routers, banks and layers; what a source does
 * not say is said in the note.
 */
package org.moe4j.model.zoo;
