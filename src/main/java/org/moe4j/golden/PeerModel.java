package org.moe4j.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.LayerNorm;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** A transformer with learned positions and layer norms, whose feed-forward layers are PEER. */
final class PeerModel implements EndToEndCases.Model {
    private final int[] ids;
    private final int[] positions;
    private final Pass pass;
    private final Parameter tokens;
    private final Parameter position;
    private final Parameter head;
    private final LayerNorm last;
    private final List<Block> blocks = new ArrayList<>();
    private final List<Parameter> parameters = new ArrayList<>();

    private record Block(LayerNorm attentionNorm, CausalSelfAttention attention, LayerNorm peerNorm, FeedForward peer) {}

    PeerModel(GoldenCase c, Bench bench) {
        Shape batch = c.tensor("in.ids").shape();
        int dim = c.integer("D");
        ids = c.integers("in.ids");
        positions = new int[ids.length];
        Arrays.setAll(positions, i -> i % batch.columns());
        pass = new Pass(batch.dim(0), batch.dim(1), true, null, null, null, null);
        tokens = bench.parameter(bench.at("w.tok.weight"));
        position = bench.parameter(bench.at("w.pos.weight"));
        head = c.flag("tied", false) ? tokens : bench.parameter(bench.at("w.head.weight"));
        last = norm(bench, dim, "w.lnf");
        parameters.addAll(head == tokens ? List.of(tokens, position) : List.of(tokens, position, head));
        parameters.addAll(last.parameters());
        for (int l = 0; l < c.integer("layers"); l++) {
            bench.onlyInFloat64("f64.final.w.attn." + l + ".in_proj_bias",
                "the key part has no gradient but rounding, which Adam scales up to whole steps");
            Block block = new Block(norm(bench, dim, "w.ln1." + l), attention(c, bench, dim, "w.attn." + l + "."),
                norm(bench, dim, "w.ln2." + l), peer(c, bench, dim, "w.peer." + l + "."));
            blocks.add(block);
            parameters.addAll(block.attentionNorm.parameters());
            parameters.addAll(block.attention.parameters());
            parameters.addAll(block.peerNorm.parameters());
            parameters.addAll(block.peer.parameters());
        }
    }

    private static LayerNorm norm(Bench bench, int dim, String name) {
        LayerNorm norm = new LayerNorm(dim, 1e-5, bench.init());
        bench.load(norm, Map.of("weight", bench.at(name + ".weight"), "bias", bench.at(name + ".bias")));
        return norm;
    }

    private static CausalSelfAttention attention(GoldenCase c, Bench bench, int dim, String name) {
        int heads = c.integer("heads_attn");
        CausalSelfAttention.Spec spec = CausalSelfAttention.Spec.plain(heads).withBiases(CausalSelfAttention.Biases.ALL);
        CausalSelfAttention attention = new CausalSelfAttention(dim, spec, bench.init());
        bench.load(attention, AttentionCases.separate(bench, name, dim, true));
        return attention;
    }

    private static FeedForward peer(GoldenCase c, Bench bench, int dim, String name) {
        JsonNode peer = c.config().path("peer");
        for (String option : List.of("separate_embed_per_head", "pre_rmsnorm", "product_key_topk")) {
            if (peer.hasNonNull(option) && !peer.path(option).equals(BooleanNode.FALSE)) {
                throw Verdict.notCovered("the model's PEER layers do not have the option " + option);
            }
        }
        int heads = peer.path("heads").asInt();
        boolean competing = !peer.path("non_competing_scores").asBoolean(true);
        ProductKeyRouter router = new ProductKeyRouter(PeerCases.spec(peer.path("num_experts").asInt(), heads,
            competing ? peer.path("num_experts_per_head").asInt() : 1, bench.at(name + "keys").shape().columns(), competing), dim, bench.init());
        Map<String, Layout> weights = new LinkedHashMap<>();
        weights.put("query.weight", PeerCases.queries(bench, name + "to_queries.0.weight", heads));
        weights.put("keys.first", PeerCases.side(bench, name + "keys", 0));
        weights.put("keys.second", PeerCases.side(bench, name + "keys", 1));
        bench.load(router, weights);
        return new MixtureOfExperts(router, new SingleNeuronExperts(Activation.GELU,
            bench.parameter(bench.at(name + "weight_down_embed.weight")), null, bench.parameter(bench.at(name + "weight_up_embed.weight"))));
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }

    @Override
    public EndToEndCases.Step forward(Tape t, int step) {
        Shape rows = Shape.of(ids.length);
        Variable x = t.add(t.embedding(tokens, ids, rows), t.embedding(position, positions, rows));
        List<int[]> selected = new ArrayList<>();
        for (Block block : blocks) {
            x = t.add(x, block.attention.forward(t, block.attentionNorm.forward(t, x), pass));
            FeedForward.Result peer = block.peer.forward(t, block.peerNorm.forward(t, x), pass);
            x = t.add(x, peer.y());
            selected.add(peer.routing().expert().toArray());
        }
        return new EndToEndCases.Step(t.linear(last.forward(t, x), head, null), null, selected.stream().flatMapToInt(Arrays::stream).toArray());
    }
}
