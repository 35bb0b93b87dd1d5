// Any trained model's weights as one safetensors file for other programs: export DIR --out FILE; Hugging Face folders: see huggingface
import org.moe4j.cli.WeightsExport;

void main(String[] args) {
    System.exit(WeightsExport.run(args));
}
