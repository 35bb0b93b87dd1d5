package org.moe4j.golden;

import java.util.List;
import java.util.Map;

/**
 * Tensor operations, activations, norms, losses, recurrent cells, attention and feed-forward blocks against torch. The kind of a
 * case is the beginning of its name: the longest of those known.
 */
final class EngineCases implements Family {
    private static final Map<String, Family> KINDS = Map.ofEntries(
        Map.entry("activations", ElementwiseCases::activations),
        Map.entry("unary_math", ElementwiseCases::unaryMath),
        Map.entry("broadcast", ElementwiseCases::broadcast),
        Map.entry("losses_elementwise", ElementwiseCases::losses),
        Map.entry("matmul", TensorCases::matMul),
        Map.entry("reductions", TensorCases::reductions),
        Map.entry("softmax_family", TensorCases::softmaxFamily),
        Map.entry("indexing", TensorCases::indexing),
        Map.entry("shape_ops", TensorCases::shapes),
        Map.entry("cross_entropy", LayerCases::crossEntropy),
        Map.entry("embedding_bag_sum", LayerCases::embeddingBag),
        Map.entry("embedding_bag_mean", LayerCases::embeddingBag),
        Map.entry("embedding", LayerCases::embedding),
        Map.entry("tied_embedding_lm", LayerCases::tiedEmbedding),
        Map.entry("linear", LayerCases::linear),
        Map.entry("layernorm", LayerCases::layerNorm),
        Map.entry("rmsnorm", LayerCases::rmsNorm),
        Map.entry("batchnorm1d", LayerCases::batchNorm),
        Map.entry("geglu_ffn", LayerCases::geglu),
        Map.entry("gelu_mlp", LayerCases::geluMlp),
        Map.entry("swiglu_ffn", LayerCases::swiglu),
        Map.entry("lstm", RecurrentCases::lstm),
        Map.entry("lstmcell", RecurrentCases::lstmCell),
        Map.entry("gru", RecurrentCases::gru),
        Map.entry("grucell", RecurrentCases::gruCell),
        Map.entry("causal_mha", AttentionCases::causal),
        Map.entry("rope_half", AttentionCases::rotary),
        Map.entry("rope_interleaved", AttentionCases::rotaryInterleaved));

    @Override
    public void compute(GoldenCase c, Bench bench) {
        List<String> known = KINDS.keySet().stream().filter(c.kind()::startsWith).sorted().toList();
        if (known.isEmpty()) {
            throw Verdict.notCovered("there is no engine case of the kind '" + c.kind() + "'");
        }
        KINDS.get(known.getLast()).compute(c, bench);
    }
}
