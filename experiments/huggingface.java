// Hugging Face checkpoints of Mixtral and OLMoE: inspect, logits, generate, finetune, export
import org.moe4j.cli.huggingface.HuggingFace;

void main(String[] args) {
    System.exit(HuggingFace.run(args));
}
