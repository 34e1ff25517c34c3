CREATE TABLE cost_entries (
	entry_id BIGSERIAL NOT NULL, 
	state TEXT NOT NULL, 
	request_key TEXT NOT NULL, 
	batch_id TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	lease_id TEXT NOT NULL, 
	region TEXT NOT NULL, 
	model TEXT NOT NULL, 
	task TEXT NOT NULL, 
	route TEXT NOT NULL, 
	catalogue_version TEXT NOT NULL, 
	input_price_pico BIGINT NOT NULL, 
	output_price_pico BIGINT NOT NULL, 
	estimated_input_tokens BIGINT NOT NULL, 
	expected_pico BIGINT NOT NULL, 
	reserved_pico BIGINT NOT NULL, 
	settled_pico BIGINT, 
	input_tokens BIGINT, 
	output_tokens BIGINT, 
	reported_model TEXT, 
	day TEXT NOT NULL, 
	reserved_at DOUBLE PRECISION NOT NULL, 
	closed_at DOUBLE PRECISION, 
	reason TEXT, 
	PRIMARY KEY (entry_id)
);
CREATE INDEX cost_entries_open ON cost_entries (lease_id) WHERE state = 'reserved';
CREATE INDEX cost_entries_by_batch ON cost_entries (batch_id);
CREATE INDEX cost_entries_uncertain ON cost_entries (entry_id) WHERE state = 'uncertain';
CREATE TABLE cost_totals (
	scope TEXT NOT NULL, 
	reserved_pico BIGINT NOT NULL, 
	settled_pico BIGINT NOT NULL, 
	uncertain_pico BIGINT NOT NULL, 
	PRIMARY KEY (scope)
);
CREATE TABLE cost_leases (
	lease_id TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid BIGINT NOT NULL, 
	expires_at DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (lease_id)
);
CREATE TABLE cost_unfunded (
	batch_id TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	cap_pico BIGINT NOT NULL, 
	needed_pico BIGINT NOT NULL, 
	refused_at DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (batch_id, scope)
);
CREATE TABLE cost_alerts (
	scope TEXT NOT NULL, 
	threshold TEXT NOT NULL, 
	told_at DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (scope, threshold)
);
CREATE TABLE cost_migrations (
	name TEXT NOT NULL, 
	applied_at DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO cost_alerts (scope, threshold, told_at) VALUES ('month:2026-01', '0.8', 1767268800.0);
INSERT INTO cost_entries (entry_id, state, request_key, batch_id, run_id, lease_id, region, model, task, route, catalogue_version, input_price_pico, output_price_pico, estimated_input_tokens, expected_pico, reserved_pico, settled_pico, input_tokens, output_tokens, reported_model, day, reserved_at, closed_at, reason) VALUES (1, 'settled', 'k0', 'b1', 'run-1', 'lease-1', 'singapore', 'qwen-vl-ocr-2025-11-20', 'advanced_recognition', 'invoices', '2026-02-04', 70000, 160000, 300, 500000, 1000000, 40200000, 300, 120, 'qwen-vl-ocr-2025-11-20', '2026-01-01', 1767268800.0, 1767268800.0, NULL);
INSERT INTO cost_entries (entry_id, state, request_key, batch_id, run_id, lease_id, region, model, task, route, catalogue_version, input_price_pico, output_price_pico, estimated_input_tokens, expected_pico, reserved_pico, settled_pico, input_tokens, output_tokens, reported_model, day, reserved_at, closed_at, reason) VALUES (2, 'released', 'k1', 'b1', 'run-1', 'lease-1', 'singapore', 'qwen-vl-ocr-2025-11-20', 'advanced_recognition', 'invoices', '2026-02-04', 70000, 160000, 300, 1000000, 2000000, NULL, NULL, NULL, NULL, '2026-01-01', 1767268800.0, 1767268800.0, NULL);
INSERT INTO cost_entries (entry_id, state, request_key, batch_id, run_id, lease_id, region, model, task, route, catalogue_version, input_price_pico, output_price_pico, estimated_input_tokens, expected_pico, reserved_pico, settled_pico, input_tokens, output_tokens, reported_model, day, reserved_at, closed_at, reason) VALUES (3, 'uncertain', 'k2', 'b1', 'run-1', 'lease-1', 'singapore', 'qwen-vl-ocr-2025-11-20', 'advanced_recognition', 'invoices', '2026-02-04', 70000, 160000, 300, 1500000, 3000000, NULL, NULL, NULL, NULL, '2026-01-01', 1767268800.0, 1767268800.0, 'the connection was lost after the call was sent');
INSERT INTO cost_entries (entry_id, state, request_key, batch_id, run_id, lease_id, region, model, task, route, catalogue_version, input_price_pico, output_price_pico, estimated_input_tokens, expected_pico, reserved_pico, settled_pico, input_tokens, output_tokens, reported_model, day, reserved_at, closed_at, reason) VALUES (4, 'reserved', 'k3', 'b1', 'run-1', 'lease-1', 'singapore', 'qwen-vl-ocr-2025-11-20', 'advanced_recognition', 'invoices', '2026-02-04', 70000, 160000, 300, 2000000, 4000000, NULL, NULL, NULL, NULL, '2026-01-01', 1767268800.0, NULL, NULL);
INSERT INTO cost_entries (entry_id, state, request_key, batch_id, run_id, lease_id, region, model, task, route, catalogue_version, input_price_pico, output_price_pico, estimated_input_tokens, expected_pico, reserved_pico, settled_pico, input_tokens, output_tokens, reported_model, day, reserved_at, closed_at, reason) VALUES (5, 'reserved', 'k4', 'b1', 'run-1', 'lease-1', 'singapore', 'qwen-vl-ocr-2025-11-20', 'advanced_recognition', 'invoices', '2026-02-04', 70000, 160000, 300, 2500000, 5000000, NULL, NULL, NULL, NULL, '2026-01-01', 1767268800.0, NULL, NULL);
INSERT INTO cost_entries (entry_id, state, request_key, batch_id, run_id, lease_id, region, model, task, route, catalogue_version, input_price_pico, output_price_pico, estimated_input_tokens, expected_pico, reserved_pico, settled_pico, input_tokens, output_tokens, reported_model, day, reserved_at, closed_at, reason) VALUES (6, 'reserved', 'k7', 'b2', 'run-2', 'batch:1de30aaa695fdc344b18', 'singapore', 'qwen-vl-ocr-2025-11-20', 'advanced_recognition', 'invoices', '2026-02-04', 70000, 160000, 300, 250000, 500000, NULL, NULL, NULL, NULL, '2026-01-01', 1767268800.0, NULL, NULL);
INSERT INTO cost_entries (entry_id, state, request_key, batch_id, run_id, lease_id, region, model, task, route, catalogue_version, input_price_pico, output_price_pico, estimated_input_tokens, expected_pico, reserved_pico, settled_pico, input_tokens, output_tokens, reported_model, day, reserved_at, closed_at, reason) VALUES (7, 'reserved', 'k8', 'b2', 'run-2', 'batch:1de30aaa695fdc344b18', 'singapore', 'qwen-vl-ocr-2025-11-20', 'advanced_recognition', 'invoices', '2026-02-04', 70000, 160000, 300, 250000, 500000, NULL, NULL, NULL, NULL, '2026-01-01', 1767268800.0, NULL, NULL);
SELECT setval(pg_get_serial_sequence('cost_entries', 'entry_id'), (SELECT coalesce(max(entry_id), 1) FROM cost_entries));
INSERT INTO cost_leases (lease_id, host, pid, expires_at) VALUES ('lease-1', 'host-a', 4711, 1767268860.0);
INSERT INTO cost_migrations (name, applied_at) VALUES ('first_tables', 1795946960.3275719);
INSERT INTO cost_totals (scope, reserved_pico, settled_pico, uncertain_pico) VALUES ('run:run-1', 9000000, 40200000, 3000000);
INSERT INTO cost_totals (scope, reserved_pico, settled_pico, uncertain_pico) VALUES ('day:2026-01-01', 10000000, 40200000, 3000000);
INSERT INTO cost_totals (scope, reserved_pico, settled_pico, uncertain_pico) VALUES ('month:2026-01', 10000000, 40200000, 3000000);
INSERT INTO cost_totals (scope, reserved_pico, settled_pico, uncertain_pico) VALUES ('route:invoices:2026-01', 10000000, 40200000, 3000000);
INSERT INTO cost_totals (scope, reserved_pico, settled_pico, uncertain_pico) VALUES ('run:run-2', 1000000, 0, 0);
INSERT INTO cost_unfunded (batch_id, scope, cap_pico, needed_pico, refused_at) VALUES ('b4', 'day:2026-01-01', 1000000000000, 1000000000, 1767268800.0);
CREATE TABLE batch_jobs (
	job_id TEXT NOT NULL, 
	batch_id TEXT NOT NULL, 
	region TEXT NOT NULL, 
	model TEXT NOT NULL, 
	state TEXT NOT NULL, 
	completion_window TEXT NOT NULL, 
	input_file_id TEXT, 
	service_id TEXT, 
	status TEXT, 
	output_file_id TEXT, 
	error_file_id TEXT, 
	completed BIGINT DEFAULT '0' NOT NULL, 
	failed BIGINT DEFAULT '0' NOT NULL, 
	problem TEXT, 
	cancel_asked INTEGER DEFAULT '0' NOT NULL, 
	planned_at DOUBLE PRECISION NOT NULL, 
	attempt_at DOUBLE PRECISION, 
	submitted_at DOUBLE PRECISION, 
	next_poll_at DOUBLE PRECISION, 
	poll_seconds DOUBLE PRECISION, 
	ended_at DOUBLE PRECISION, 
	PRIMARY KEY (job_id)
);
CREATE INDEX batch_jobs_by_state ON batch_jobs (state);
CREATE TABLE batch_lines (
	job_id TEXT NOT NULL, 
	batch_id TEXT NOT NULL, 
	request_key TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	task TEXT NOT NULL, 
	pays INTEGER NOT NULL, 
	entry_id BIGINT, 
	state TEXT NOT NULL, 
	reason TEXT, 
	PRIMARY KEY (job_id, batch_id, request_key)
);
CREATE UNIQUE INDEX batch_lines_once ON batch_lines (request_key) WHERE state = 'waiting' AND pays = 1;
CREATE INDEX batch_lines_by_batch ON batch_lines (batch_id, state);
INSERT INTO batch_jobs (job_id, batch_id, region, model, state, completion_window, input_file_id, service_id, status, output_file_id, error_file_id, completed, failed, problem, cancel_asked, planned_at, attempt_at, submitted_at, next_poll_at, poll_seconds, ended_at) VALUES ('1de30aaa695fdc344b18', 'b2', 'singapore', 'qwen-vl-ocr-2025-11-20', 'planned', '24h', NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, 0, 1767268800.0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO batch_lines (job_id, batch_id, request_key, number, task, pays, entry_id, state, reason) VALUES ('1de30aaa695fdc344b18', 'b2', 'k7', 0, 'table_parsing', 1, 6, 'waiting', NULL);
INSERT INTO batch_lines (job_id, batch_id, request_key, number, task, pays, entry_id, state, reason) VALUES ('1de30aaa695fdc344b18', 'b2', 'k8', 1, 'table_parsing', 1, 7, 'waiting', NULL);
INSERT INTO batch_lines (job_id, batch_id, request_key, number, task, pays, entry_id, state, reason) VALUES ('1de30aaa695fdc344b18', 'b3', 'k7', 0, 'table_parsing', 0, NULL, 'waiting', NULL);
CREATE TABLE batch_leases (
	batch_id TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	host TEXT NOT NULL, 
	process TEXT NOT NULL, 
	taken_at DOUBLE PRECISION NOT NULL, 
	expires_at DOUBLE PRECISION NOT NULL, 
	PRIMARY KEY (batch_id)
);
INSERT INTO batch_leases (batch_id, holder, host, process, taken_at, expires_at) VALUES ('b1', '1ff67953aa5e4fddbb7b9ff7801f5858', 'process 797 on host-a', 'another-boot/4026531836/797/185997', 1795946960.574881, 1795947020.574881);
CREATE TABLE rate_calls (
	id BIGSERIAL NOT NULL, 
	account VARCHAR(500) NOT NULL, 
	started_at_us BIGINT NOT NULL, 
	tokens BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX rate_calls_by_start ON rate_calls (account, started_at_us);
CREATE TABLE rate_accounts (
	account VARCHAR(500) NOT NULL, 
	calls_due_us BIGINT NOT NULL, 
	tokens_due_us BIGINT NOT NULL, 
	share FLOAT(53) NOT NULL, 
	rises_from_us BIGINT NOT NULL, 
	rise FLOAT(53) NOT NULL, 
	held_until_us BIGINT NOT NULL, 
	pause_seconds FLOAT(53) NOT NULL, 
	throttled_at_us BIGINT NOT NULL, 
	busy_until_us BIGINT NOT NULL, 
	PRIMARY KEY (account)
);
INSERT INTO rate_accounts (account, calls_due_us, tokens_due_us, share, rises_from_us, rise, held_until_us, pause_seconds, throttled_at_us, busy_until_us) VALUES ('dashscope-intl.aliyuncs.com qwen-vl-ocr-2025-11-20', 1795946961034878, 1795946960679358, 0.25, 1795946960630878, 0.075, 0, 0.0, 0, 1795946960630878);
INSERT INTO rate_calls (id, account, started_at_us, tokens) VALUES (1, 'dashscope-intl.aliyuncs.com qwen-vl-ocr-2025-11-20', 1795946960630878, 1200);
SELECT setval(pg_get_serial_sequence('rate_calls', 'id'), (SELECT coalesce(max(id), 1) FROM rate_calls));
CREATE TABLE inbox_state (
	inbox TEXT NOT NULL, 
	index_id TEXT NOT NULL, 
	copies_in_doubt BOOLEAN NOT NULL, 
	PRIMARY KEY (inbox)
);
CREATE TABLE inbox_folders (
	folder_id BIGSERIAL NOT NULL, 
	inbox TEXT NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	uri TEXT, 
	modified_ns BIGINT, 
	pass_modified_ns BIGINT, 
	listed_at DOUBLE PRECISION, 
	listed_to TEXT COLLATE "C", 
	vanished BOOLEAN NOT NULL, 
	unreadable_reason TEXT, 
	PRIMARY KEY (folder_id)
);
CREATE UNIQUE INDEX inbox_folders_by_name ON inbox_folders (inbox, name);
CREATE INDEX inbox_folders_by_listing ON inbox_folders (inbox, listed_at);
CREATE TABLE inbox_files (
	folder_id BIGINT NOT NULL, 
	leaf TEXT COLLATE "C" NOT NULL, 
	uri TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	modified_us BIGINT, 
	etag TEXT, 
	state TEXT NOT NULL, 
	since DOUBLE PRECISION NOT NULL, 
	first_seen_at DOUBLE PRECISION NOT NULL, 
	vanished_at DOUBLE PRECISION, 
	sha256 TEXT, 
	unreadable_reason TEXT, 
	document_sha256 TEXT, 
	document_version INTEGER, 
	document_modified_us BIGINT, 
	batch_seq BIGINT, 
	PRIMARY KEY (folder_id, leaf)
);
CREATE INDEX inbox_files_by_state ON inbox_files (state, folder_id, leaf);
CREATE INDEX inbox_files_by_document ON inbox_files (document_sha256);
CREATE TABLE inbox_batches (
	batch_seq BIGSERIAL NOT NULL, 
	inbox TEXT NOT NULL, 
	batch_id TEXT NOT NULL, 
	files INTEGER NOT NULL, 
	of_this_inbox BOOLEAN NOT NULL, 
	PRIMARY KEY (batch_seq)
);
CREATE UNIQUE INDEX inbox_batches_by_id ON inbox_batches (inbox, batch_id);
INSERT INTO inbox_batches (batch_seq, inbox, batch_id, files, of_this_inbox) VALUES (1, '/home/anna/in', 'in-9e77a5eb6af7', 2, true);
SELECT setval(pg_get_serial_sequence('inbox_batches', 'batch_seq'), (SELECT coalesce(max(batch_seq), 1) FROM inbox_batches));
INSERT INTO inbox_files (folder_id, leaf, uri, size_bytes, modified_us, etag, state, since, first_seen_at, vanished_at, sha256, unreadable_reason, document_sha256, document_version, document_modified_us, batch_seq) VALUES (1, 'a.png', 'file:///home/anna/in/a.png', 3, 1795946960657312, NULL, 'batched', 1767225630.0, 1767225630.0, NULL, '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', NULL, '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', 1, 1795946960657312, 1);
INSERT INTO inbox_files (folder_id, leaf, uri, size_bytes, modified_us, etag, state, since, first_seen_at, vanished_at, sha256, unreadable_reason, document_sha256, document_version, document_modified_us, batch_seq) VALUES (1, 'late.png', 'file:///home/anna/in/late.png', 5, 1795946961281638, NULL, 'waiting', 1767225750.0, 1767225750.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO inbox_files (folder_id, leaf, uri, size_bytes, modified_us, etag, state, since, first_seen_at, vanished_at, sha256, unreadable_reason, document_sha256, document_version, document_modified_us, batch_seq) VALUES (2, 'copy.png', 'file:///home/anna/in/new/copy.png', 3, 1795946960657487, NULL, 'batched', 1767225630.0, 1767225630.0, NULL, '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3', NULL, '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3', 1, 1795946960657487, 1);
INSERT INTO inbox_files (folder_id, leaf, uri, size_bytes, modified_us, etag, state, since, first_seen_at, vanished_at, sha256, unreadable_reason, document_sha256, document_version, document_modified_us, batch_seq) VALUES (2, '請求書.png', 'file:///home/anna/in/new/請求書.png', 3, 1795946960657437, NULL, 'copy', 1767225630.0, 1767225630.0, NULL, '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3', NULL, NULL, NULL, NULL, NULL);
INSERT INTO inbox_folders (folder_id, inbox, name, uri, modified_ns, pass_modified_ns, listed_at, listed_to, vanished, unreadable_reason) VALUES (1, '/home/anna/in', '', 'file:///home/anna/in', NULL, NULL, 1767225750.0, NULL, false, NULL);
INSERT INTO inbox_folders (folder_id, inbox, name, uri, modified_ns, pass_modified_ns, listed_at, listed_to, vanished, unreadable_reason) VALUES (2, '/home/anna/in', 'new/', 'file:///home/anna/in/new', NULL, NULL, 1767225750.0, NULL, false, NULL);
SELECT setval(pg_get_serial_sequence('inbox_folders', 'folder_id'), (SELECT coalesce(max(folder_id), 1) FROM inbox_folders));
INSERT INTO inbox_state (inbox, index_id, copies_in_doubt) VALUES ('/home/anna/in', 'afa6ee367611', false);
