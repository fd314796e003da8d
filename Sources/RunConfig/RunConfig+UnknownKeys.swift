import Basics

extension RunConfig {
    /// What to say about a key that no setting has.
    static func message(forUnknown key: String) -> String {
        if let advice = formerNames[key] { return "Unknown setting `\(key)`: \(advice)." }
        if let nearest = NearestName.nearest(to: key, among: index.keys) {
            return "Unknown setting `\(key)`: did you mean `\(nearest)`?"
        }
        return "Unknown setting `\(key)`: `anneal help settings` lists all."
    }

    /// Names of older releases and of other programs, with what to write today.
    private static let formerNames: [String: String] = [
        "evaluation_strategy": "write `eval_strategy`",
        "image_resolution": "write `image_max_pixels`, a number of pixels",
        "video_resolution": "write `video_max_pixels`, a number of pixels",
        "num_layer_trainable": "write `freeze_trainable_layers`",
        "name_module_trainable": "write `freeze_trainable_modules`",
        "dpo_beta": "write `pref_beta`", "kto_beta": "write `pref_beta`",
        "dpo_ftx": "write `pref_ftx`", "dpo_loss": "write `pref_loss`",
        "checkpoint_dir": "write `adapter_name_or_path`",
        "lora_modules_to_save": "write `additional_target`",
        "no_cuda": "write `use_cpu`",
        "group_by_length": "write `train_sampling_strategy: group_by_length`",
        "include_tokens_per_second": "write `include_num_input_tokens_seen`",
        "save_safetensors": "remove it, weights are always written as safetensors",
        "fp16_backend": "remove it", "half_precision_backend": "remove it", "use_mps_device": "remove it",
        "epochs": "write `num_train_epochs`", "num_epochs": "write `num_train_epochs`",
        "lr": "write `learning_rate`", "rank": "write `lora_rank`", "alpha": "write `lora_alpha`",
        "train_type": "write `finetuning_type`", "tuner_type": "write `finetuning_type`",
        "max_seq_length": "write `cutoff_len`", "max_seq_len": "write `cutoff_len`",
        "model": "write `model_name_or_path`", "model_path": "write `model_name_or_path`",
        "adapters": "write `adapter_name_or_path`", "ref_adapters": "write `ref_model_adapters`",
        "max_pixels": "write `image_max_pixels`",
        "max_prompt_length": "write `cutoff_len`", "use_vllm": "remove it, answers are written in the same process",
        "vllm_mode": "remove it, answers are written in the same process",
    ]
}
