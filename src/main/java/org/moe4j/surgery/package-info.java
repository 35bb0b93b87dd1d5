/**
 * Operations on trained models, each a record that makes a new model of one or several others: {@link org.moe4j.surgery.Upcycling} of a
 * dense model to a mixture of experts, {@link org.moe4j.surgery.BranchMix} of several dense models into one mixture,
 * {@link org.moe4j.surgery.Growth} of a mixture by experts for a new domain, {@link org.moe4j.surgery.Pruning} of experts that are not used;
 * and of models with random routed experts, {@link org.moe4j.surgery.DomainExtraction} and {@link org.moe4j.surgery.DomainAddition}.
 * Models given are left as they are. What comes out is trained, saved and loaded like any other model; to train part of it only,
 * see {@code trained} of {@link org.moe4j.train.TrainingSpec}.
 */
package org.moe4j.surgery;
