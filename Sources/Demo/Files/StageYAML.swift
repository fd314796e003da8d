/// The configurations of the two trainings, in LLaMA-Factory's keys.
enum StageYAML {
    /// `text` quoted for YAML, so that any folder name is safe.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Recorded beside the model: what predict, chat and the API start from.
    private static let generation = """
        ### generation 生成
        do_sample: false
        max_new_tokens: 12

        """

    /// Stage 1: all weights learn to see and count.
    static func see(folder: String) -> String {
        """
        # Stage 1 of the demo: a tiny Qwen2.5-VL with random weights learns to see and count (full SFT).
        # 演示第一步：随机初始化的微型 Qwen2.5-VL 学会看图和计数（全参数微调）。

        ### model 模型
        model_name_or_path: \(quoted(folder + "/model"))
        image_max_pixels: 262144

        ### method 方法: every weight is trained, the vision tower and the projector too 视觉塔与投影层也参与训练
        stage: sft
        do_train: true
        finetuning_type: full
        freeze_vision_tower: false
        freeze_multi_modal_projector: false

        ### dataset 数据
        dataset_dir: \(quoted(folder + "/data"))
        dataset: \(DemoPaths.seeDataset)
        template: qwen2_vl
        cutoff_len: 512
        val_size: 100

        ### output 输出
        output_dir: \(quoted(folder + "/see"))
        logging_steps: 25
        save_strategy: "no"
        plot_loss: true
        overwrite_output_dir: true
        report_to: none

        ### train 训练: fp32
        per_device_train_batch_size: 8
        gradient_accumulation_steps: 1
        learning_rate: 8.0e-4
        adam_beta2: 0.95
        num_train_epochs: 7.0
        lr_scheduler_type: cosine
        warmup_ratio: 0.1
        seed: 42

        ### eval 验证
        per_device_eval_batch_size: 50
        eval_strategy: steps
        eval_steps: 200

        \(generation)
        """
    }

    /// Stage 2: an adapter of rank 8 on the language model learns the rules.
    static func rules(folder: String) -> String {
        """
        # Stage 2 of the demo: LoRA teaches the model of stage 1 to judge pictures by rules; its eyes stay as they are.
        # 演示第二步：用 LoRA 教会第一步的模型按规则判断图片；视觉部分保持冻结。

        ### model 模型
        model_name_or_path: \(quoted(folder + "/see"))
        image_max_pixels: 262144

        ### method 方法
        stage: sft
        do_train: true
        finetuning_type: lora
        lora_rank: 32
        lora_target: all

        ### dataset 数据
        dataset_dir: \(quoted(folder + "/data"))
        dataset: \(DemoPaths.rulesTrainDataset)
        template: qwen2_vl
        cutoff_len: 512
        val_size: 100

        ### output 输出
        output_dir: \(quoted(folder + "/rules"))
        logging_steps: 25
        save_strategy: "no"
        plot_loss: true
        overwrite_output_dir: true
        report_to: none

        ### train 训练: fp32
        per_device_train_batch_size: 16
        gradient_accumulation_steps: 1
        learning_rate: 1.0e-3
        num_train_epochs: 5.0
        lr_scheduler_type: cosine
        warmup_ratio: 0.1
        seed: 42

        ### eval 验证
        per_device_eval_batch_size: 50
        eval_strategy: steps
        eval_steps: 100

        \(generation)
        """
    }
}
