BEGIN TRANSACTION;
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
	planned_at DOUBLE NOT NULL, 
	attempt_at DOUBLE, 
	submitted_at DOUBLE, 
	next_poll_at DOUBLE, 
	poll_seconds DOUBLE, 
	ended_at DOUBLE, 
	PRIMARY KEY (job_id)
);
INSERT INTO "batch_jobs" VALUES('1de30aaa695fdc344b18','b2','singapore','qwen-vl-ocr-2025-11-20','planned','24h',NULL,NULL,NULL,NULL,NULL,0,0,NULL,0,1767268800.0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE batch_leases (
	batch_id TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	host TEXT NOT NULL, 
	process TEXT NOT NULL, 
	taken_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	PRIMARY KEY (batch_id)
);
INSERT INTO "batch_leases" VALUES('b1','1ff67953aa5e4fddbb7b9ff7801f5858','process 797 on host-a','another-boot/4026531836/797/185997',1.79594696057488107678e+09,1.79594702057488107686e+09);
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
INSERT INTO "batch_lines" VALUES('1de30aaa695fdc344b18','b2','k7',0,'table_parsing',1,6,'waiting',NULL);
INSERT INTO "batch_lines" VALUES('1de30aaa695fdc344b18','b2','k8',1,'table_parsing',1,7,'waiting',NULL);
INSERT INTO "batch_lines" VALUES('1de30aaa695fdc344b18','b3','k7',0,'table_parsing',0,NULL,'waiting',NULL);
CREATE TABLE cost_alerts (
	scope TEXT NOT NULL, 
	threshold TEXT NOT NULL, 
	told_at DOUBLE NOT NULL, 
	PRIMARY KEY (scope, threshold)
);
INSERT INTO "cost_alerts" VALUES('month:2026-01','0.8',1767268800.0);
CREATE TABLE cost_entries (
	entry_id INTEGER NOT NULL, 
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
	reserved_at DOUBLE NOT NULL, 
	closed_at DOUBLE, 
	reason TEXT, 
	PRIMARY KEY (entry_id)
);
INSERT INTO "cost_entries" VALUES(1,'settled','k0','b1','run-1','lease-1','singapore','qwen-vl-ocr-2025-11-20','advanced_recognition','invoices','2026-02-04',70000,160000,300,500000,1000000,40200000,300,120,'qwen-vl-ocr-2025-11-20','2026-01-01',1767268800.0,1767268800.0,NULL);
INSERT INTO "cost_entries" VALUES(2,'released','k1','b1','run-1','lease-1','singapore','qwen-vl-ocr-2025-11-20','advanced_recognition','invoices','2026-02-04',70000,160000,300,1000000,2000000,NULL,NULL,NULL,NULL,'2026-01-01',1767268800.0,1767268800.0,NULL);
INSERT INTO "cost_entries" VALUES(3,'uncertain','k2','b1','run-1','lease-1','singapore','qwen-vl-ocr-2025-11-20','advanced_recognition','invoices','2026-02-04',70000,160000,300,1500000,3000000,NULL,NULL,NULL,NULL,'2026-01-01',1767268800.0,1767268800.0,'the connection was lost after the call was sent');
INSERT INTO "cost_entries" VALUES(4,'reserved','k3','b1','run-1','lease-1','singapore','qwen-vl-ocr-2025-11-20','advanced_recognition','invoices','2026-02-04',70000,160000,300,2000000,4000000,NULL,NULL,NULL,NULL,'2026-01-01',1767268800.0,NULL,NULL);
INSERT INTO "cost_entries" VALUES(5,'reserved','k4','b1','run-1','lease-1','singapore','qwen-vl-ocr-2025-11-20','advanced_recognition','invoices','2026-02-04',70000,160000,300,2500000,5000000,NULL,NULL,NULL,NULL,'2026-01-01',1767268800.0,NULL,NULL);
INSERT INTO "cost_entries" VALUES(6,'reserved','k7','b2','run-2','batch:1de30aaa695fdc344b18','singapore','qwen-vl-ocr-2025-11-20','advanced_recognition','invoices','2026-02-04',70000,160000,300,250000,500000,NULL,NULL,NULL,NULL,'2026-01-01',1767268800.0,NULL,NULL);
INSERT INTO "cost_entries" VALUES(7,'reserved','k8','b2','run-2','batch:1de30aaa695fdc344b18','singapore','qwen-vl-ocr-2025-11-20','advanced_recognition','invoices','2026-02-04',70000,160000,300,250000,500000,NULL,NULL,NULL,NULL,'2026-01-01',1767268800.0,NULL,NULL);
CREATE TABLE cost_leases (
	lease_id TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid BIGINT NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	PRIMARY KEY (lease_id)
);
INSERT INTO "cost_leases" VALUES('lease-1','host-a',4711,1767268860.0);
CREATE TABLE cost_migrations (
	name TEXT NOT NULL, 
	applied_at DOUBLE NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "cost_migrations" VALUES('first_tables',1.79594696032757186882e+09);
CREATE TABLE cost_totals (
	scope TEXT NOT NULL, 
	reserved_pico BIGINT NOT NULL, 
	settled_pico BIGINT NOT NULL, 
	uncertain_pico BIGINT NOT NULL, 
	PRIMARY KEY (scope)
);
INSERT INTO "cost_totals" VALUES('run:run-1',9000000,40200000,3000000);
INSERT INTO "cost_totals" VALUES('day:2026-01-01',10000000,40200000,3000000);
INSERT INTO "cost_totals" VALUES('month:2026-01',10000000,40200000,3000000);
INSERT INTO "cost_totals" VALUES('route:invoices:2026-01',10000000,40200000,3000000);
INSERT INTO "cost_totals" VALUES('run:run-2',1000000,0,0);
CREATE TABLE cost_unfunded (
	batch_id TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	cap_pico BIGINT NOT NULL, 
	needed_pico BIGINT NOT NULL, 
	refused_at DOUBLE NOT NULL, 
	PRIMARY KEY (batch_id, scope)
);
INSERT INTO "cost_unfunded" VALUES('b4','day:2026-01-01',1000000000000,1000000000,1767268800.0);
CREATE TABLE rate_accounts (
	account VARCHAR(500) NOT NULL, 
	calls_due_us BIGINT NOT NULL, 
	tokens_due_us BIGINT NOT NULL, 
	share FLOAT NOT NULL, 
	rises_from_us BIGINT NOT NULL, 
	rise FLOAT NOT NULL, 
	held_until_us BIGINT NOT NULL, 
	pause_seconds FLOAT NOT NULL, 
	throttled_at_us BIGINT NOT NULL, 
	busy_until_us BIGINT NOT NULL, 
	PRIMARY KEY (account)
);
INSERT INTO "rate_accounts" VALUES('dashscope-intl.aliyuncs.com qwen-vl-ocr-2025-11-20',1795946961034878,1795946960679358,0.25,1795946960630878,0.075,0,0.0,0,1795946960630878);
CREATE TABLE rate_calls (
	id INTEGER NOT NULL, 
	account VARCHAR(500) NOT NULL, 
	started_at_us BIGINT NOT NULL, 
	tokens BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "rate_calls" VALUES(1,'dashscope-intl.aliyuncs.com qwen-vl-ocr-2025-11-20',1795946960630878,1200);
CREATE INDEX cost_entries_open ON cost_entries (lease_id) WHERE state = 'reserved';
CREATE INDEX cost_entries_by_batch ON cost_entries (batch_id);
CREATE INDEX cost_entries_uncertain ON cost_entries (entry_id) WHERE state = 'uncertain';
CREATE INDEX batch_jobs_by_state ON batch_jobs (state);
CREATE UNIQUE INDEX batch_lines_once ON batch_lines (request_key) WHERE state = 'waiting' AND pays = 1;
CREATE INDEX batch_lines_by_batch ON batch_lines (batch_id, state);
CREATE INDEX rate_calls_by_start ON rate_calls (account, started_at_us);
COMMIT;
